//! Wide vectors without intrinsics: the same loop, compiled once more with AVX2 switched on.
//!
//! No multiply-add is contracted by the compiler, so both versions give the same bits.

/// Defines a function that runs its body with the widest vectors this machine has.
///
/// Functions that the body calls in its loops must be `#[inline(always)]`, or they are not vectorised.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident $(<$generic:ident: $bound:ident>)? (
        $($arg:ident: $type:ty),* $(,)?
    ) $(-> $output:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name $(<$generic: $bound>)? ($($arg: $type),*) $(-> $output)? {
            #[inline(always)]
            fn body $(<$generic: $bound>)? ($($arg: $type),*) $(-> $output)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2 $(<$generic: $bound>)? ($($arg: $type),*) $(-> $output)? {
                    body $(::<$generic>)? ($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the check above found AVX2.
                    #[allow(unsafe_code)]
                    return unsafe { avx2 $(::<$generic>)? ($($arg),*) };
                }
            }
            body $(::<$generic>)? ($($arg),*)
        }
    };
}
