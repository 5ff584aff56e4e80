//! The devices a model can run on, by name. Backends are named here and in `ops`, nowhere else.

#[cfg(feature = "wgpu")]
use burn::backend::{CubeDevice, DeviceId, DeviceOps, WgpuBackend, WgpuDevice, WgpuDeviceKind};
use burn::tensor::Device;

/// Kinds of device, whether or not this build has them. All but the CPU are cargo features.
pub const DEVICES: &[&str] = &["cpu", "cuda", "metal", "vulkan", "webgpu"];

/// The kinds of device that this build can compute on.
pub const BUILT_DEVICES: &[&str] = &[
    "cpu",
    #[cfg(feature = "cuda")]
    "cuda",
    #[cfg(feature = "metal")]
    "metal",
    #[cfg(feature = "vulkan")]
    "vulkan",
    #[cfg(feature = "webgpu")]
    "webgpu",
];

/// Why no device has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDevice {
    /// The name is none of [`DEVICES`], alone or with `:` and an index.
    Unknown,
    /// This build lacks the cargo feature of this name.
    NotBuilt(&'static str),
    /// The machine has fewer devices of the kind, or lacks the driver that lists them.
    Absent {
        /// One of [`DEVICES`].
        kind: &'static str,
        /// Number of devices of that kind.
        found: usize,
    },
}

/// The device called `name`: a kind out of [`DEVICES`], alone or with an index such as `vulkan:1`.
///
/// Index 0 is the default. Devices count from the most to the least able: discrete graphics cards,
/// integrated ones, virtual ones, then software.
///
/// ```
/// use elbo_kernels::{NoDevice, device};
/// assert!(device("cpu").is_ok());
/// assert_eq!(device("abacus").unwrap_err(), NoDevice::Unknown);
/// assert_eq!(device("cpu:7").unwrap_err(), NoDevice::Absent { kind: "cpu", found: 1 });
/// ```
///
/// # Errors
/// [`NoDevice`] gives the reason.
pub fn device(name: &str) -> Result<Device, NoDevice> {
    let (kind, index) = device_kind(name)?;
    let devices = devices(kind).ok_or(NoDevice::NotBuilt(kind))?;
    let found = devices.len();
    let device = devices.into_iter().nth(index);
    device.ok_or(NoDevice::Absent { kind, found })
}

/// The kind and the index in a device's name, without a check that it exists.
///
/// # Errors
/// [`NoDevice::Unknown`].
pub fn device_kind(name: &str) -> Result<(&'static str, usize), NoDevice> {
    let (kind, index) = name.split_once(':').unwrap_or((name, "0"));
    let kind = DEVICES.iter().find(|known| **known == kind);
    let index = index.parse::<u16>().map(usize::from);
    kind.copied().zip(index.ok()).ok_or(NoDevice::Unknown)
}

/// The devices of a kind on this machine, or nothing where this build lacks the kind.
fn devices(kind: &str) -> Option<Vec<Device>> {
    match kind {
        "cpu" => Some(vec![Device::flex()]),
        #[cfg(feature = "cuda")]
        "cuda" => Some(Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec()),
        #[cfg(feature = "metal")]
        "metal" => {
            static FOUND: Adapters = Adapters::new(|| adapters(WgpuBackend::Metal));
            Some(FOUND.clone())
        }
        #[cfg(feature = "vulkan")]
        "vulkan" => {
            static FOUND: Adapters = Adapters::new(|| adapters(WgpuBackend::Vulkan));
            Some(FOUND.clone())
        }
        // Burn's `WebGpu` is the browser's; elsewhere wgpu uses the machine's graphics interface.
        #[cfg(feature = "webgpu")]
        "webgpu" => {
            static FOUND: Adapters = Adapters::new(|| adapters(WgpuBackend::Auto));
            Some(FOUND.clone())
        }
        _ => None,
    }
}

/// Queried once: a driver takes some milliseconds to answer, and the answer does not change.
#[cfg(feature = "wgpu")]
type Adapters = std::sync::LazyLock<Vec<Device>>;

/// The devices of one graphics interface, the most able first. Queries its driver, but opens no device.
#[cfg(feature = "wgpu")]
fn adapters(interface: WgpuBackend) -> Vec<Device> {
    let kinds = [
        WgpuDeviceKind::DiscreteGpu(0),
        WgpuDeviceKind::IntegratedGpu(0),
        WgpuDeviceKind::VirtualGpu(0),
        WgpuDeviceKind::Other(0),
        WgpuDeviceKind::Cpu,
    ];
    let of_a_kind = |kind| CubeDevice::enumerate(CubeDevice::Wgpu(WgpuDevice::new(kind).on(interface)).id());
    let found = kinds.into_iter().flat_map(of_a_kind);
    found.map(|id| Device::new(of_id::<CubeDevice>(id))).collect()
}

#[cfg(feature = "wgpu")]
fn of_id<D: DeviceOps>(id: DeviceId) -> D {
    D::from_id(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_may_be_left_out() {
        assert_eq!(device_kind("vulkan"), Ok(("vulkan", 0)));
        assert_eq!(device_kind("cuda:3"), Ok(("cuda", 3)));
        for name in [
            "",
            "tpu",
            "cuda:",
            "cuda:-1",
            "cuda:x",
            "cuda:0:0",
            "CUDA",
            "vulkan:99999999",
        ] {
            assert_eq!(device_kind(name), Err(NoDevice::Unknown), "{name}");
        }
    }

    #[test]
    fn what_is_built_in_is_known_and_the_rest_is_told_apart() {
        assert!(BUILT_DEVICES.iter().all(|kind| DEVICES.contains(kind)));
        for kind in DEVICES {
            let missing = !BUILT_DEVICES.contains(kind);
            assert_eq!(device(kind) == Err(NoDevice::NotBuilt(kind)), missing);
        }
    }
}
