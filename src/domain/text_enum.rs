//! Serde for types whose one spelling is their `Display`, read back by their `FromStr`.

/// Implements `Serialize` and `Deserialize` through `Display` and `FromStr`, so that the word on the screen, in a
/// file and on the command line is the same.
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

/// An enum whose variants each have one fixed spelling: `name()`, `Display`, `FromStr` and serde all use it.
macro_rules! text_enum {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling used on the screen, in files and on the command line.
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

/// A word that is none of the spellings of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownText {
    /// The type that was asked for.
    pub what: &'static str,
    /// The word that was given.
    pub text: String,
}

impl std::fmt::Display for UnknownText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a {}: {:?}", self.what, self.text)
    }
}

impl std::error::Error for UnknownText {}

pub(crate) use {serde_as_text, text_enum};
