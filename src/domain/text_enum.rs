//! Enums with one fixed text per variant, and serde for types that are written by `Display` and read by `FromStr`.

/// Implements `Serialize` and `Deserialize` through `Display` and `FromStr`, so that the text is the same on the screen,
/// in a file and on the command line.
macro_rules! serde_as_text {
    ($($type:ty),+ $(,)?) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

/// Declares an enum in which each variant has one fixed text, for `name()`, `Display`, `FromStr` and serde.
macro_rules! text_enum {
    (
        $(#[$attribute:meta])*
        pub enum $type:ident {
            $($(#[$about:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$attribute])*
        pub enum $type {
            $($(#[$about])* $variant,)+
        }
        impl $type {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its text on the screen, in files and on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
        impl std::str::FromStr for $type {
            type Err = $crate::domain::text_enum::UnknownText;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::domain::text_enum::UnknownText { what: stringify!($type), text: text.into() }),
                }
            }
        }
        $crate::domain::text_enum::serde_as_text!($type);
    };
}

/// Gives each variant without data a fixed text; `others` are the variants with data.
macro_rules! named_variants {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? } others $others:pat) => {
        impl $type {
            /// The variants without data.
            #[cfg(test)]
            const NAMED: &'static [Self] = &[$(Self::$variant),+];

            const fn name(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($name),)+
                    $others => None,
                }
            }

            fn named(text: &str) -> Option<Self> {
                match text {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

/// A text that is not a value of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownText {
    /// The type that was expected.
    pub what: &'static str,
    /// The text that was given.
    pub text: String,
}

impl std::fmt::Display for UnknownText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a {}: {:?}", self.what, self.text)
    }
}

impl std::error::Error for UnknownText {}

pub(crate) use {named_variants, serde_as_text, text_enum};
