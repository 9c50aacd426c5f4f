//! One test body, every protocol version that it holds for.

/// Makes a test of each function for each version: `resumes::v311`, `resumes::v5`.
///
/// The functions take the version: `versions! { V311, V5 => resumes, expires }`.
macro_rules! versions {
    (@each $versions:tt $($test:ident)+) => {
        $(versions!(@module $versions $test);)+
    };
    (@module ($($version:ident)+) $test:ident) => {
        mod $test {
            $(versions!(@test $version $test);)+
        }
    };
    (@test V31 $test:ident) => {
        #[test]
        fn v31() {
            super::$test(vouchmq_mqtt::ProtocolVersion::V31);
        }
    };
    (@test V311 $test:ident) => {
        #[test]
        fn v311() {
            super::$test(vouchmq_mqtt::ProtocolVersion::V311);
        }
    };
    (@test V5 $test:ident) => {
        #[test]
        fn v5() {
            super::$test(vouchmq_mqtt::ProtocolVersion::V5);
        }
    };
    ($($version:ident),+ => $($test:ident),+ $(,)?) => {
        versions!(@each ($($version)+) $($test)+);
    };
}
