//! Where the acts of a lesson are in its file.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

#[derive(Deserialize)]
struct LessonPlaces {
    #[serde(rename = "step", default)]
    steps: Vec<StepPlaces>,
}

#[derive(Deserialize)]
struct StepPlaces {
    #[serde(rename = "do", default)]
    acts: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    expect: Vec<Spanned<IgnoredAny>>,
}

/// The lines, from 1, of the acts and of the expectations of each step.
pub(super) fn lines(source: &str) -> Vec<[Vec<usize>; 2]> {
    let line =
        |place: &Spanned<IgnoredAny>| source.get(..place.span().start).unwrap_or_default().matches('\n').count() + 1;
    let places: Option<LessonPlaces> = toml::from_str(source).ok();
    let steps = places.map_or_else(Vec::new, |lesson| lesson.steps);
    let both = |step: &StepPlaces| [&step.acts, &step.expect].map(|places| places.iter().map(line).collect());
    steps.iter().map(both).collect()
}
