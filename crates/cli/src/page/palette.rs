//! Colours that stay apart for colour-blind readers: those of Okabe and Ito (2008), darkened or lightened
//! where the ground asks for it.

use std::fmt::Write;

/// A colour by what it is on the light ground and on the dark one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink {
    name: &'static str,
    light: &'static str,
    dark: &'static str,
}

impl Ink {
    const fn new(name: &'static str, light: &'static str, dark: &'static str) -> Self {
        Self { name, light, dark }
    }

    /// The colour on the light ground, which marks it in a plot as well.
    pub(super) fn light(self) -> &'static str {
        self.light
    }

    /// The colour for the style of an element, whatever the ground.
    pub(super) fn variable(self) -> String {
        format!("var(--{},{})", self.name, self.light)
    }
}

/// Text in plots.
pub(super) const TEXT: Ink = Ink::new("plot-text", "#3d4650", "#c9d1d9");
/// Axes and ticks.
pub(super) const AXIS: Ink = Ink::new("plot-axis", "#8a939d", "#6b7682");
/// Grid lines.
pub(super) const GRID: Ink = Ink::new("plot-grid", "#e6e9ed", "#2c343d");
/// Lines to compare with: optimum, budget.
pub(super) const NEUTRAL: Ink = Ink::new("plot-neutral", "#4f5863", "#b4bdc7");
/// A line that is a goal.
pub(super) const GOAL: Ink = Ink::new("plot-goal", "#99a0a9", "#7d8793");

const BLUE: Ink = Ink::new("plot-blue", "#0072b2", "#56a8e8");
const VERMILION: Ink = Ink::new("plot-vermilion", "#d55e00", "#f0813a");
const GREEN: Ink = Ink::new("plot-green", "#009e73", "#2fc69b");
const PURPLE: Ink = Ink::new("plot-purple", "#b8608f", "#e08fba");
const OCHRE: Ink = Ink::new("plot-ochre", "#b07d00", "#e6b422");
const SKY: Ink = Ink::new("plot-sky", "#4597c4", "#8fd0f5");

const SERIES: [Ink; 6] = [BLUE, VERMILION, GREEN, PURPLE, OCHRE, SKY];
const ALL: [Ink; 11] = [
    TEXT, AXIS, GRID, NEUTRAL, GOAL, BLUE, VERMILION, GREEN, PURPLE, OCHRE, SKY,
];

/// Number of inks for series.
pub(super) const NUMBER: usize = SERIES.len();

/// The ink of the series at `index`; they repeat after [`NUMBER`].
pub(super) fn series(index: usize) -> Ink {
    SERIES[index % SERIES.len()]
}

/// Style rules that give plots and legends their dark colours where the reader prefers a dark ground.
///
/// A plot names its light colours in attributes, which any rule overrides.
pub(super) fn dark_style() -> String {
    let mut variables = String::new();
    let mut rules = String::new();
    for ink in ALL {
        let Ink { name, light, dark } = ink;
        // Writing to a string cannot fail.
        let _ = write!(variables, "--{name}:{dark};");
        for attribute in ["fill", "stroke"] {
            let _ = write!(rules, "svg [{attribute}=\"{light}\"]{{{attribute}:{dark}}}");
        }
    }
    format!("@media (prefers-color-scheme:dark){{:root{{{variables}}}{rules}}}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let byte = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let v = f64::from(byte) / 255.0;
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The thresholds of WCAG 2.1: 3 for graphics, 4.5 for text.
    #[test]
    fn inks_stand_out_on_both_grounds() {
        let style = super::super::STYLE;
        assert!(style.contains("--card: #ffffff") && style.contains("--card: #181d23"));
        for ink in SERIES.into_iter().chain([NEUTRAL]) {
            assert!(contrast(ink.light, "#ffffff") >= 3.0, "{ink:?}");
            assert!(contrast(ink.dark, "#181d23") >= 3.0, "{ink:?}");
        }
        assert!(contrast(TEXT.light, "#ffffff") >= 4.5);
        assert!(contrast(TEXT.dark, "#181d23") >= 4.5);
    }

    #[test]
    fn each_ink_is_its_own() {
        let light: BTreeSet<_> = ALL.iter().map(|ink| ink.light).collect();
        assert_eq!(light.len(), ALL.len(), "a colour marks one ink in a plot");
        let style = dark_style();
        for ink in ALL {
            assert!(style.contains(&format!("svg [stroke=\"{}\"]", ink.light)));
        }
        assert_eq!(series(7), series(1));
    }
}
