//! An npy array of any number of rows: the number stands in the header, which is written again at the end.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use npyz::WriterBuilder;

use crate::error::Cause;

/// The type of an array's values, all little-endian.
#[derive(Clone, Copy)]
enum Type {
    U8,
    F32,
    F64,
}

/// An array that is being written, row by row.
pub(super) struct Array<'a> {
    file: &'a mut BufWriter<File>,
    data_type: Type,
    /// The axes behind the first.
    axes: Vec<usize>,
    /// Rows written so far.
    pub(super) rows: usize,
}

impl<'a> Array<'a> {
    /// An array of f32 or f64, whose rows have these `axes`.
    pub(super) fn begin(file: &'a mut BufWriter<File>, single: bool, axes: &[usize]) -> Result<Self, Cause> {
        let data_type = if single { Type::F32 } else { Type::F64 };
        Self::of(file, data_type, axes)
    }

    /// An array of bytes.
    pub(super) fn bytes(file: &'a mut BufWriter<File>, axes: &[usize]) -> Result<Self, Cause> {
        Self::of(file, Type::U8, axes)
    }

    fn of(file: &'a mut BufWriter<File>, data_type: Type, axes: &[usize]) -> Result<Self, Cause> {
        let array = Self {
            file,
            data_type,
            axes: axes.to_vec(),
            rows: 0,
        };
        let header = array.header()?;
        array.file.write_all(&header)?;
        Ok(array)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        Ok(self.file.write_all(bytes)?)
    }

    /// Puts the number of rows into the header.
    pub(super) fn finish(self) -> Result<(), Cause> {
        let header = self.header()?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header)?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Padded to a multiple of 64 bytes, so that its length does not depend on the number of rows.
    fn header(&self) -> Result<Vec<u8>, Cause> {
        let shape: Vec<u64> = [self.rows]
            .iter()
            .chain(&self.axes)
            .map(|axis| *axis as u64)
            .collect();
        let mut header = Vec::new();
        match self.data_type {
            Type::U8 => header_of::<u8>(&mut header, &shape)?,
            Type::F32 => header_of::<f32>(&mut header, &shape)?,
            Type::F64 => header_of::<f64>(&mut header, &shape)?,
        }
        Ok(header)
    }
}

fn header_of<T: npyz::AutoSerialize>(header: &mut Vec<u8>, shape: &[u64]) -> Result<(), Cause> {
    let options = npyz::WriteOptions::<T>::new().default_dtype().shape(shape);
    options.writer(header).write_header_only()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_one_length() {
        let mut file = BufWriter::new(tempfile::tempfile().unwrap());
        let mut array = Array::begin(&mut file, true, &[64]).unwrap();
        let empty = array.header().unwrap().len();
        for rows in [9, 10, 1_000_000, usize::MAX] {
            array.rows = rows;
            assert_eq!(array.header().unwrap().len(), empty);
        }
    }
}
