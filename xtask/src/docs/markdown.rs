//! Parses a Markdown page: title, anchors, links.

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

/// A page, parsed.
pub(super) struct Document {
    /// The text of the first heading of level 1
    pub(super) title: Option<String>,
    /// The text of the first paragraph or item of a list, without markup
    pub(super) lead: String,
    /// The fragments that a link can have after `#`, in the order of the page
    pub(super) anchors: Vec<String>,
    pub(super) links: Vec<Link>,
}

/// A link or an image, in Markdown or in HTML.
pub(super) struct Link {
    /// The target as written: `../errors.md#expired`, `https://example.com`
    pub(super) target: String,
    /// The line of the page, from 1
    pub(super) line: usize,
    position: Position,
}

/// Byte ranges of a link's parts in the text.
enum Position {
    /// `[text](target)`: the whole link, and the part from `](` to its end
    Inline { whole: Range<usize>, end: Range<usize> },
    /// The value of an HTML attribute
    Attribute(Range<usize>),
    /// `[text][name]` or `<https://example.com>`, whose target is elsewhere or the text itself
    Elsewhere,
}

/// The replacement of a link.
pub(super) enum Rewritten {
    Unchanged,
    /// Another target
    To(String),
    /// Only the link's text
    Text,
}

impl Document {
    pub(super) fn parse(text: &str) -> Self {
        let mut document =
            Self { title: None, lead: String::new(), anchors: Vec::new(), links: Vec::new() };
        let mut slugs = Slugs::default();
        // the text of the heading or of the first paragraph that is open
        let mut open: Option<String> = None;
        let mut lead_is_open = false;
        for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => open = Some(String::new()),
                Event::End(TagEnd::Heading(level)) => {
                    let heading = open.take().unwrap_or_default();
                    document.anchors.push(slugs.next(&heading));
                    if level == pulldown_cmark::HeadingLevel::H1 {
                        document.title.get_or_insert(heading);
                    }
                }
                Event::Start(Tag::Paragraph | Tag::Item)
                    if document.lead.is_empty() && !lead_is_open =>
                {
                    lead_is_open = true;
                    open = Some(String::new());
                }
                Event::End(TagEnd::Paragraph | TagEnd::Item) if lead_is_open => {
                    lead_is_open = false;
                    // skip a decision's status, which does not describe the page
                    let lead = open.take().unwrap_or_default();
                    document.lead = if lead.starts_with("Status: ") { String::new() } else { lead };
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(open) = &mut open {
                        open.push_str(&part);
                    }
                }
                Event::SoftBreak | Event::HardBreak => {
                    if let Some(open) = &mut open {
                        open.push(' ');
                    }
                }
                Event::Start(
                    Tag::Link { link_type, dest_url, .. } | Tag::Image { link_type, dest_url, .. },
                ) => {
                    let line = line_of(text, range.start);
                    let position = position(text, range, link_type);
                    document.links.push(Link { target: dest_url.into_string(), line, position });
                }
                Event::Html(_) | Event::InlineHtml(_) => document.html(text, range),
                _ => {}
            }
        }
        document
    }

    /// The first sentence of the page.
    pub(super) fn summary(&self) -> String {
        let end = self.lead.find(". ").map_or(self.lead.len(), |end| end + 1);
        self.lead[..end].trim_end_matches(':').to_owned()
    }

    /// The text with its links replaced by `rewrite`.
    pub(super) fn rewrite(&self, text: &str, rewrite: impl Fn(&str) -> Rewritten) -> String {
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for link in &self.links {
            match (rewrite(&link.target), &link.position) {
                (Rewritten::To(target), Position::Inline { end, .. }) => {
                    edits.push((end.clone(), format!("]({target})")));
                }
                (Rewritten::To(target), Position::Attribute(value)) => {
                    edits.push((value.clone(), target));
                }
                (Rewritten::Text, Position::Inline { whole, end }) => {
                    edits.push((whole.start..whole.start + 1, String::new()));
                    edits.push((end.clone(), String::new()));
                }
                _ => {}
            }
        }
        edits.sort_by_key(|(range, _)| range.start);
        let mut rewritten = text.to_owned();
        for (range, replacement) in edits.into_iter().rev() {
            rewritten.replace_range(range, &replacement);
        }
        rewritten
    }

    /// Adds the links and anchors of a piece of HTML.
    fn html(&mut self, text: &str, range: Range<usize>) {
        for name in ["href", "src", "srcset", "id"] {
            let start = format!(" {name}=\"");
            let html = &text[range.clone()];
            for (found, _) in html.match_indices(&start) {
                let from = found + start.len();
                let Some(length) = html[from..].find('"') else { continue };
                let value = html[from..from + length].to_owned();
                if name == "id" {
                    self.anchors.push(value);
                    continue;
                }
                let from = range.start + from;
                let position = Position::Attribute(from..from + length);
                self.links.push(Link { target: value, line: line_of(text, from), position });
            }
        }
    }
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

fn position(text: &str, whole: Range<usize>, link_type: LinkType) -> Position {
    match (link_type, text[whole.clone()].rfind("](")) {
        (LinkType::Inline, Some(end)) => {
            Position::Inline { end: whole.start + end..whole.end, whole }
        }
        _ => Position::Elsewhere,
    }
}

/// Anchors of headings, by GitHub's rule, which the site is configured to use too.
#[derive(Default)]
struct Slugs(HashMap<String, usize>);

impl Slugs {
    fn next(&mut self, heading: &str) -> String {
        let slug: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let seen = self.0.entry(slug.clone()).or_default();
        let name = if *seen == 0 { slug } else { format!("{slug}-{seen}") };
        *seen += 1;
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_follow_the_rule_of_github() {
        let page = "# Title\n\n## `createMiddleware` (`better-auth-edge/next`)\n\n## Twice\n\n\
                    ## Twice\n\n```md\n## not a heading\n```\n\n<a id=\"by-hand\"></a>\n";
        let expected = ["title", "createmiddleware-better-auth-edgenext", "twice", "twice-1"];
        assert_eq!(Document::parse(page).anchors, [&expected[..], &["by-hand"]].concat());
    }

    #[test]
    fn links_in_code_are_not_links() {
        let page = "[a](a.md) `[b](b.md)`\n\n```md\n[c](c.md)\n```\n\n<img src=\"d.svg\">\n";
        let document = Document::parse(page);
        let found: Vec<_> = document.links.iter().map(|link| (&*link.target, link.line)).collect();
        assert_eq!(found, [("a.md", 1), ("d.svg", 7)]);
    }

    #[test]
    fn rewriting_a_page_changes_only_its_targets() {
        let page = "See [the `a` page](a.md#x), [![i](b.png)](b.md), [c](c.md) and [d](d.md).";
        let rewritten = Document::parse(page).rewrite(page, |target| match target {
            "a.md#x" => Rewritten::To("../a.md#x".into()),
            "b.png" => Rewritten::To("../b.png".into()),
            "c.md" => Rewritten::Text,
            _ => Rewritten::Unchanged,
        });
        let expected = "See [the `a` page](../a.md#x), [![i](../b.png)](b.md), c and [d](d.md).";
        assert_eq!(rewritten, expected);
    }

    #[test]
    fn the_summary_is_the_first_sentence_without_markup() {
        let page =
            "---\nlayout: doc\n---\n# T\n\nA [link](a.md) and\n`code`. A second one.\n\nMore.\n";
        assert_eq!(Document::parse(page).summary(), "A link and code.");
    }
}
