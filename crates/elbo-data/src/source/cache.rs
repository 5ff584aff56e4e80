//! Decoded records kept in memory, up to a limit, so that later epochs need not decode again.
//!
//! Once full it does not change: an epoch visits every record once in a new order, so throwing
//! out old records for new ones would only replace one chance of a hit by another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(crate) struct Cache {
    limit: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    records: HashMap<u64, Arc<[u8]>>,
    bytes: u64,
}

impl Cache {
    /// A cache that holds at most `limit` bytes of records.
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            held: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, row: u64) -> Option<Arc<[u8]>> {
        self.held().records.get(&row).cloned()
    }

    /// Keeps the record if there is room for it.
    pub(crate) fn put(&self, row: u64, record: &Arc<[u8]>) {
        let mut held = self.held();
        let bytes = held.bytes + record.len() as u64;
        if bytes <= self.limit && held.records.insert(row, Arc::clone(record)).is_none() {
            held.bytes = bytes;
        }
    }

    /// A thread that panicked while holding the lock left an intact map all the same.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_and_what_is_kept_stays() {
        let cache = Cache::new(10);
        for row in 0..4 {
            cache.put(row, &Arc::from(vec![row as u8; 4]));
        }
        // Two records of 4 bytes fit into 10.
        let kept: Vec<bool> = (0..4).map(|row| cache.get(row).is_some()).collect();
        assert_eq!(kept, [true, true, false, false]);
        assert_eq!(cache.get(1).unwrap()[..], [1; 4]);
        cache.put(1, &Arc::from(vec![1; 4]));
        assert_eq!(cache.held().bytes, 8, "a record put twice counts once");
    }
}
