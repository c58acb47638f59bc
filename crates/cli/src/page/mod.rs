//! Self-contained HTML pages: one file without scripts, which asks the network for nothing.
//!
//! This module is the frame that pages share: the document, its style for light and dark, figures and
//! tables. [`plots`] draws, [`simulation`] is the page of `rungkeeper simulate`, [`report`] that of
//! `rungkeeper report`.

pub(crate) mod numbers;
mod palette;
mod plots;
pub(crate) mod report;
pub(crate) mod simulation;
mod svg;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::palette::Ink;
use self::svg::Svg;
use crate::plain;

const STYLE: &str = include_str!("page.css");

/// The browser itself refuses scripts and the network. Styles are those in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The document around `body`.
fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("rungkeeper ", env!("CARGO_PKG_VERSION")));
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(palette::dark_style())) }
            }
            body { (body) }
        }
    };
    // The page itself has none: those of names and values from outside would be dropped by a browser,
    // or turn the reading direction.
    plain::visible(page.into_string())
}

/// The name of a policy as it stands in a sentence.
fn policy_name(key: &str) -> String {
    match key {
        "rank_aware" => "rank-aware".to_owned(),
        _ => key.replace('_', " "),
    }
}

/// An entry of a legend: what is drawn in which ink.
struct LegendEntry<'a> {
    name: &'a str,
    ink: Ink,
    mark: Mark,
}

/// How a legend shows its ink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Line,
    Dashed,
    Dotted,
    Box,
}

impl Mark {
    fn class(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Dashed => "dashed",
            Self::Dotted => "dotted",
            Self::Box => "box",
        }
    }
}

fn swatch(ink: Ink, mark: Mark) -> Markup {
    html! { span class={ "swatch " (mark.class()) } style={ "--ink:" (ink.variable()) } aria-hidden="true" {} }
}

/// A figure: `svg` under a heading and a legend, over a caption.
struct Figure<'a> {
    heading: &'a str,
    svg: Svg,
    /// What the figure shows, for those who do not see it.
    label: &'a str,
    legend: &'a [LegendEntry<'a>],
    caption: Markup,
}

impl Figure<'_> {
    /// `id` is the page's name for it, by which its parts are told from those of other figures.
    fn markup(&self, id: &str) -> Markup {
        html! {
            figure.card id=(id) {
                h3 { (self.heading) }
                ul.legend aria-label="Legend" {
                    @for entry in self.legend {
                        li { (swatch(entry.ink, entry.mark)) (entry.name) }
                    }
                }
                (PreEscaped(self.svg.inline(id, self.label)))
                figcaption { (self.caption) }
            }
        }
    }
}

/// Columns that do not fit into the width of a phone.
const WIDE: usize = 5;

/// A table that scrolls inside its box. The first cell of a row is its heading.
fn table(caption: &str, heads: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll.wide[heads.len() >= WIDE] role="region" aria-label=(caption) tabindex="0" {
            @if heads.len() >= WIDE { p.hint { "This table scrolls sideways →" } }
            table {
                caption { (caption) }
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (index, cell) in row.iter().enumerate() {
                                @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// As [`table`]; rows after the first `open` are folded away until the reader asks for them. The first
/// [`MOST_ROWS`] are on the page, and a line says where the `others` are.
fn folded_table<I: IntoIterator<Item = Vec<Markup>, IntoIter: ExactSizeIterator>>(
    caption: &str,
    heads: &[&str],
    rows: I,
    open: usize,
    others: &str,
) -> Markup {
    let rows = rows.into_iter();
    let left_out = rows.len().saturating_sub(MOST_ROWS);
    let rows: Vec<Vec<Markup>> = rows.take(MOST_ROWS).collect();
    let (shown, folded) = rows.split_at(open.min(rows.len()));
    html! {
        (table(caption, heads, shown))
        @if !folded.is_empty() {
            details {
                summary {
                    "Show the other " (numbers::whole(folded.len() as f64))
                    @if left_out > 0 { " of the first " (numbers::whole(MOST_ROWS as f64)) }
                }
                (table(&format!("{caption}, continued"), heads, folded))
            }
        }
        @if left_out > 0 {
            p.soft.under { (numbers::of(left_out as u64, "more row")) " left out: " (others) }
        }
    }
}

/// Rows of a table at most: nobody reads more on a page, and a browser takes long for them.
const MOST_ROWS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_style_is_not() {
        let controls = document("a\u{1b}[2J", &html! { pre { "\u{202e}b\n" "\0" } });
        assert!(controls.contains("<title>a\\u{1b}[2J</title>"));
        assert!(
            controls.contains("<pre>\\u{202e}b\n\\u{0}</pre>"),
            "{controls}"
        );
        let page = document("<b>&\"", &html! { p { "</p><script>" } });
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
        assert!(page.contains("<title>&lt;b&gt;&amp;&quot;</title>"));
        assert!(page.contains("<p>&lt;/p&gt;&lt;script&gt;</p>"));
        assert!(page.contains(STYLE));
    }

    #[test]
    fn nothing_points_out_of_the_page() {
        let page = document("t", &html! {});
        for door in [
            "http:", "https:", "src=", "url(", "@import", "<script", "<link",
        ] {
            assert!(!page.contains(door), "{door}");
        }
    }

    #[test]
    fn the_first_cell_of_a_row_is_its_heading() {
        let rows = [vec![html! { "a<" }, html! { "1" }]];
        let table = table("Caption", &["name", "n"], &rows).into_string();
        assert!(table.contains("<caption>Caption</caption>"));
        assert!(table.contains("<th scope=\"col\">name</th><th scope=\"col\">n</th>"));
        assert!(table.contains("<th scope=\"row\">a&lt;</th><td>1</td>"));
    }

    #[test]
    fn a_page_has_so_many_rows_at_most() {
        let rows = |number: usize| (0..number).map(|n| vec![html! { "row " (n) }]);
        let all = folded_table("Caption", &["n"], rows(1000), 20, "elsewhere.").into_string();
        assert!(all.contains("Show the other 980<") && all.contains("row 999<"));
        assert!(!all.contains("left out"));
        let some = folded_table("Caption", &["n"], rows(2_501), 20, "elsewhere.").into_string();
        assert!(some.contains("row 999<") && !some.contains("row 1000<"));
        assert!(some.contains("of the first 1000<"));
        assert!(some.contains("more rows left out: elsewhere.<"));
    }

    #[test]
    fn rows_are_folded_from_a_number_on() {
        let rows: Vec<_> = (0..5).map(|n| vec![html! { (n) }]).collect();
        let all = folded_table("Caption", &["n"], rows.clone(), 5, "").into_string();
        assert!(!all.contains("<details>"));
        let some = folded_table("Caption", &["n"], rows, 2, "").into_string();
        let (shown, folded) = some.split_once("<details>").unwrap();
        assert_eq!(shown.matches("scope=\"row\"").count(), 2);
        assert_eq!(folded.matches("scope=\"row\"").count(), 3);
        assert!(folded.contains("<summary>Show the other 3</summary>"));
    }

    #[test]
    fn a_legend_names_each_ink() {
        let legend = [LegendEntry {
            name: "a & b",
            ink: palette::NEUTRAL,
            mark: Mark::Dashed,
        }];
        let svg =
            plots::Axes::new("x", "y").bars(&[("1".to_owned(), vec![(1.0, palette::NEUTRAL)])]);
        let figure = Figure {
            heading: "Heading",
            svg,
            label: "what it shows",
            legend: &legend,
            caption: html! { "caption" },
        };
        let text = figure.markup("f").into_string();
        assert!(text.contains("<figure class=\"card\" id=\"f\"><h3>Heading</h3>"));
        assert!(text.contains("class=\"swatch dashed\""));
        assert!(text.contains("a &amp; b</li>"));
        assert!(text.contains("aria-label=\"what it shows\""));
    }
}
