//! The devices a model can run on, by name. Backends are named here and nowhere else.

use burn::tensor::Device;

/// Names that [`device`] knows.
pub const DEVICES: &[&str] = &["cpu"];

/// The device called `name`, or none if there is no such device in this build.
pub fn device(name: &str) -> Option<Device> {
    match name {
        "cpu" => Some(Device::flex()),
        _ => None,
    }
}
