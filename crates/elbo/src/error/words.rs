//! Parts of sentences that several errors share.

use elbo_core::{BUILT_DEVICES, NoDevice};

/// The end of a sentence about an unknown name.
pub(super) fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// The reason why a device cannot be used.
pub(super) fn no_device(why: &NoDevice) -> String {
    match why {
        NoDevice::Unknown => "no device is called that".to_owned(),
        NoDevice::NotBuilt(_) => format!("this build computes only on {}", quoted(BUILT_DEVICES)),
        NoDevice::Absent { kind, found: 0 } => {
            format!("this machine has no `{kind}` device, or no driver that shows it")
        }
        NoDevice::Absent { kind, found } => {
            format!(
                "the last `{kind}` device of this machine is `{kind}:{}`",
                found - 1
            )
        }
    }
}

/// Names in backticks, with commas between.
pub(crate) fn quoted<T: std::fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    names
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
