//! The structure of the site, from `docs/site.toml` and the files that it lists.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};

use super::markdown::Document;

/// The whole site.
pub(super) struct Site {
    /// The start page, which is not in a section
    pub(super) home: Page,
    pub(super) sections: Vec<Section>,
}

/// A section of the sidebar.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) entries: Vec<Entry>,
}

/// A page with its subpages. The entry `docs/fastapi` means `docs/fastapi.md` or
/// `docs/fastapi/index.md`, and the other pages of that directory.
pub(super) struct Entry {
    pub(super) title: String,
    pub(super) page: Option<Page>,
    pub(super) children: Vec<Page>,
}

/// A page in Markdown.
pub(super) struct Page {
    /// The file, from the checkout's root: `docs/fastapi/index.md`
    pub(super) source: PathBuf,
    /// The path on the site: `guide/fastapi/index.md`
    pub(super) path: PathBuf,
    pub(super) title: String,
    /// The first sentence
    pub(super) summary: String,
    pub(super) text: String,
    pub(super) document: Document,
}

/// The directory of generated pages, from the checkout's root.
pub(super) const GENERATED: &str = "target/docs/generated";

impl Site {
    /// Reads `docs/site.toml` and its pages. Without `generated`, it skips the pages that are
    /// generated from the code.
    pub(super) fn read(root: &Path, generated: bool) -> Result<Self> {
        let file = root.join("docs/site.toml");
        let text = fs::read_to_string(&file).context("docs/site.toml")?;
        let table: Table = text.parse().context("docs/site.toml")?;
        let home = Page::read(root, "docs/index.md".into(), "index.md".into(), Some("Home"))?;
        let sections = array(&table, "sections")?
            .iter()
            .map(|section| {
                let section = section.as_table().context("a section is a table")?;
                let entries = array(section, "pages")?
                    .iter()
                    .filter_map(|entry| Entry::read(root, entry, generated).transpose())
                    .collect::<Result<_>>()?;
                Ok(Section { title: string(section, "title")?.to_owned(), entries })
            })
            .collect::<Result<_>>()?;
        let site = Self { home, sections };
        let mut paths = HashSet::new();
        for page in site.pages() {
            ensure!(paths.insert(&page.path), "two pages have the path {}", page.path.display());
        }
        Ok(site)
    }

    /// All pages in the order of the sidebar, the start page first.
    pub(super) fn pages(&self) -> impl Iterator<Item = &Page> {
        std::iter::once(&self.home).chain(self.sections.iter().flat_map(Section::pages))
    }

    /// The page of this source file or directory. A page and a directory of the same name are the
    /// same page.
    pub(super) fn page_of(&self, source: &Path) -> Option<&Page> {
        let index = source.with_extension("").join("index.md");
        let beside = source.with_extension("md");
        [source, &index, &beside]
            .into_iter()
            .find_map(|source| self.pages().find(|page| page.source == source))
    }

    /// Pages of `docs/` that no section lists.
    pub(super) fn orphans(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        markdown_below(&root.join("docs"), &mut files)?;
        let files = files.iter().filter_map(|file| file.strip_prefix(root).ok());
        Ok(files
            .filter(|file| !self.pages().any(|page| page.source == **file))
            .map(Path::to_owned)
            .collect())
    }
}

impl Section {
    pub(super) fn pages(&self) -> impl Iterator<Item = &Page> {
        self.entries.iter().flat_map(|entry| entry.page.iter().chain(&entry.children))
    }
}

impl Entry {
    fn read(root: &Path, entry: &Value, generated: bool) -> Result<Option<Self>> {
        let entry = entry.as_table().context("a page is a table")?;
        let source = PathBuf::from(string(entry, "source")?);
        let path = PathBuf::from(string(entry, "path")?);
        if source.starts_with(GENERATED) && !generated {
            return Ok(None);
        }
        let title = entry.get("title").and_then(Value::as_str);
        let beside = source.with_extension("md");
        let index = source.join("index.md");
        let mut children = Vec::new();
        if root.join(&source).is_dir() {
            let order = entry.get("order").and_then(Value::as_array);
            let rank = |file: &Path| {
                let name = file.file_stem().and_then(|name| name.to_str());
                order.and_then(|order| order.iter().position(|item| item.as_str() == name))
            };
            let mut files = Vec::new();
            markdown_below(&root.join(&source), &mut files)?;
            files.sort_by_cached_key(|file| (rank(file).unwrap_or(usize::MAX), file.clone()));
            for file in files {
                let file = file.strip_prefix(root)?.to_owned();
                if file != index {
                    let path = path.join(file.strip_prefix(&source)?);
                    children.push(Page::read(root, file, path, None)?);
                }
            }
        }
        let page_path =
            if children.is_empty() { path.with_extension("md") } else { path.join("index.md") };
        let page =
            [source.clone(), beside, index].into_iter().find(|file| root.join(file).is_file());
        let mut page = page.map(|file| Page::read(root, file, page_path, title)).transpose()?;
        if let (Some(page), Some(summary)) = (&mut page, entry.get("summary")) {
            page.summary = summary.as_str().context("summary is not a string")?.to_owned();
        }
        if page.is_none() && children.is_empty() {
            return Ok(None);
        }
        let title = title.or(page.as_ref().map(|page| &*page.title));
        let title = title.context("a directory without index.md needs a title")?.to_owned();
        Ok(Some(Self { title, page, children }))
    }
}

impl Page {
    fn read(root: &Path, source: PathBuf, path: PathBuf, title: Option<&str>) -> Result<Self> {
        let text = fs::read_to_string(root.join(&source))
            .with_context(|| format!("cannot read {}", source.display()))?;
        let document = Document::parse(&text);
        let title = title.or(document.title.as_deref());
        let title = title.with_context(|| format!("{} has no title", source.display()))?.to_owned();
        let summary = document.summary();
        Ok(Self { source, path, title, summary, text, document })
    }
}

fn array<'a>(table: &'a Table, name: &str) -> Result<&'a Vec<Value>> {
    table.get(name).and_then(Value::as_array).with_context(|| format!("{name} is not a list"))
}

fn string<'a>(table: &'a Table, name: &str) -> Result<&'a str> {
    table.get(name).and_then(Value::as_str).with_context(|| format!("{name} is not a string"))
}

/// The Markdown files in a directory and below, sorted.
fn markdown_below(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            markdown_below(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "md") {
            files.push(entry);
        }
    }
    Ok(())
}
