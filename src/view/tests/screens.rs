//! Whole screens, kept as text: read them before you accept them.

use super::lab::Lab;
use super::{scenes, screen, text};
use crate::domain::Lang;

const SIZES: [(u16, u16); 4] = [(80, 24), (100, 30), (120, 36), (160, 45)];

#[test]
fn dump() {
    let Ok(scene) = std::env::var("SCENE") else { return };
    for lang in [Lang::En, Lang::PtBr] {
        let make: fn(Lang) -> Lab = match scene.as_str() {
            "started" => scenes::started,
            "lesson" => scenes::lesson,
            "queue" => scenes::queue,
            "trouble" => scenes::trouble,
            _ => scenes::typing,
        };
        for (columns, rows) in SIZES {
            let mut lab = make(lang);
            lab.keys(&std::env::var("KEYS").unwrap_or_default());
            println!("{}", text(&screen(&mut lab.model, columns, rows).0));
        }
    }
}
