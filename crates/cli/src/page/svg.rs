//! A plot as it stands inside a page.

use std::fmt::Write;

use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;

/// A drawing that scales with its place.
pub(super) struct Svg {
    width: f64,
    height: f64,
    text: String,
}

/// How kuva begins the names of its clip paths. A counter of the process follows.
const CLIP: &str = "kuva-clip-";

impl Svg {
    /// Draws the scene.
    pub(super) fn new(scene: &Scene) -> Self {
        Self {
            width: scene.width,
            height: scene.height,
            text: SvgBackend::new().render_scene(scene),
        }
    }

    /// The element, for a page in which `id` is unique, with `label` for those who do not see it.
    pub(super) fn inline(&self, id: &str, label: &str) -> String {
        let begin = self.text.find('>').map_or(0, |at| at + 1);
        let head = maud::html! {
            svg viewBox={ "0 0 " (self.width) " " (self.height) } role="img" aria-label=(label);
        };
        let head = head.into_string();
        // Fixed sizes and kuva's version stay out: the page's style sets the one, its head says the other.
        let body = self.text[begin..].trim_start();
        let body = match body
            .strip_prefix("<!--")
            .and_then(|rest| rest.split_once("-->"))
        {
            Some((_, rest)) => rest,
            None => body,
        };
        format!("{head}{}", rename_clips(body, id))
    }
}

/// Names clip paths after the figure and their order in it, so that they are unique in the page and the same on each run.
fn rename_clips(text: &str, id: &str) -> String {
    let mut seen: Vec<&str> = Vec::new();
    let mut renamed = String::with_capacity(text.len());
    let mut parts = text.split(CLIP);
    renamed.extend(parts.next());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let index = seen
            .iter()
            .position(|known| *known == number)
            .unwrap_or_else(|| {
                seen.push(number);
                seen.len() - 1
            });
        // Writing to a string cannot fail.
        let _ = write!(renamed, "{id}-clip-{index}");
        renamed.push_str(rest);
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_named_by_figure_and_order() {
        let text = r#"<clipPath id="kuva-clip-17"/><g clip-path="url(#kuva-clip-17)"/><g clip-path="url(#kuva-clip-3)"/>"#;
        let expected = r#"<clipPath id="f-clip-0"/><g clip-path="url(#f-clip-0)"/><g clip-path="url(#f-clip-1)"/>"#;
        assert_eq!(rename_clips(text, "f"), expected);
    }

    #[test]
    fn the_element_scales_and_has_a_label() {
        let text = "<svg width=\"9\" height=\"8\"><!-- Generated -->\n<g/></svg>".to_owned();
        let svg = Svg {
            width: 9.0,
            height: 8.0,
            text,
        };
        let expected = "<svg viewBox=\"0 0 9 8\" role=\"img\" aria-label=\"a &lt; b\">\n<g/></svg>";
        assert_eq!(svg.inline("f", "a < b"), expected);
    }
}
