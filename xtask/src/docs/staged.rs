//! Writes the pages for the site: at their paths, with links between them, and with the indexes for
//! VitePress and for language models.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use toml::Table;

use super::links::{relative, resolve};
use super::markdown::Rewritten;
use super::pages::{GENERATED, Page, Section, Site};

/// The description of the project in `llms.txt`.
const ABOUT: &str = "Verifies Better Auth tokens at the edge and hands a FastAPI origin an identity \
                     that it can trust.";

/// The directory of images, which keep their relative paths on the site.
const ASSETS: &str = "docs/assets";

/// Writes all pages and images into the directory.
pub(super) fn write(root: &Path, site: &Site, directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    let repository = repository(root)?;
    for page in site.pages() {
        let file = directory.join(&page.path);
        fs::create_dir_all(file.parent().context("a page has a directory")?)?;
        fs::write(file, staged(root, site, page, &repository))?;
    }
    copy_tree(&root.join(ASSETS), &directory.join("assets"))?;
    Ok(())
}

/// The configuration for VitePress, as JSON.
pub(super) fn list(root: &Path, site: &Site) -> Result<String> {
    let list = json!({
        "title": "better-auth-edge",
        "description": ABOUT,
        "repository": repository(root)?,
        "sidebar": site.sections.iter().map(sidebar).collect::<Vec<_>>(),
        "sources": site.pages().map(source).collect::<serde_json::Map<_, _>>(),
    });
    Ok(serde_json::to_string_pretty(&list)?)
}

/// Writes each page as Markdown beside its HTML, and writes `llms.txt` and `llms-full.txt` beside
/// the start page.
pub(super) fn write_markdown(site: &Site, staged: &Path, built: &Path) -> Result<()> {
    let mut all = String::new();
    for page in site.pages() {
        let text = fs::read_to_string(staged.join(&page.path))?;
        all.push_str(&format!("<!-- {} -->\n\n{}\n\n", page.path.display(), text.trim()));
        fs::write(built.join(&page.path), text)?;
    }
    copy_tree(&staged.join("assets"), &built.join("assets"))?;
    fs::write(built.join("llms.txt"), llms(site))?;
    fs::write(built.join("llms-full.txt"), all)?;
    Ok(())
}

/// The list of all pages for language models (llmstxt.org). Links are relative to it.
pub(super) fn llms(site: &Site) -> String {
    let mut text = format!("# better-auth-edge\n\n> {ABOUT}\n\n");
    let item = |page: &Page| {
        let (title, path) = (&page.title, page.path.display());
        format!("- [{title}]({path}): {}\n", page.summary)
    };
    text.push_str(&item(&site.home));
    for section in &site.sections {
        text.push_str(&format!("\n## {}\n\n", section.title));
        section.pages().for_each(|page| text.push_str(&item(page)));
    }
    text
}

/// The repository's URL without a trailing slash, or an empty string if it is not set.
fn repository(root: &Path) -> Result<String> {
    let manifest: Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let paths: [&[&str]; 3] = [
        &["workspace", "metadata", "release", "repository"],
        &["workspace", "package", "repository"],
        &["package", "repository"],
    ];
    let found = paths.iter().find_map(|path| {
        let (last, tables) = path.split_last()?;
        let table = tables.iter().try_fold(&manifest, |table, name| table.get(*name)?.as_table());
        table?.get(*last)?.as_str().filter(|url| !url.is_empty())
    });
    Ok(found.unwrap_or_default().trim_end_matches('/').to_owned())
}

/// The text of a page with links for the site. A link to a file that is not on the site points to
/// the repository; without a repository URL, only the link's text remains.
fn staged(root: &Path, site: &Site, page: &Page, repository: &str) -> String {
    page.document.rewrite(&page.text, |target| {
        let Some((path, anchor)) = resolve(&page.source, target) else {
            return Rewritten::Unchanged;
        };
        let anchor = anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
        if path == page.source {
            return Rewritten::Unchanged;
        }
        if let Some(other) = site.page_of(&path) {
            return Rewritten::To(relative(&page.path, &other.path) + &anchor);
        }
        if let Ok(asset) = path.strip_prefix(ASSETS) {
            return Rewritten::To(relative(&page.path, &Path::new("assets").join(asset)));
        }
        if repository.is_empty() {
            return Rewritten::Text;
        }
        let kind = if root.join(&path).is_dir() { "tree" } else { "blob" };
        Rewritten::To(format!("{repository}/{kind}/main/{}{anchor}", path.display()))
    })
}

fn sidebar(section: &Section) -> Value {
    let link = |page: &Page| format!("/{}", page.path.with_extension("").display());
    let child = |page: &Page| json!({ "text": page.title, "link": link(page) });
    let items = section.entries.iter().map(|entry| {
        let mut item = json!({ "text": entry.title });
        if let Some(page) = &entry.page {
            let link = link(page);
            item["link"] = link.strip_suffix("index").unwrap_or(&link).into();
        }
        if !entry.children.is_empty() {
            item["collapsed"] = true.into();
            item["items"] = entry.children.iter().map(child).collect();
        }
        item
    });
    json!({ "text": section.title, "items": items.collect::<Vec<_>>() })
}

/// The source file of a page, for its edit link. Generated pages have none.
fn source(page: &Page) -> (String, Value) {
    let made = page.source.starts_with(GENERATED);
    let source = if made { Value::Null } else { page.source.display().to_string().into() };
    (page.path.display().to_string(), source)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry: PathBuf = entry?.path();
        let copy = to.join(entry.file_name().context("an entry has a name")?);
        if entry.is_dir() {
            copy_tree(&entry, &copy)?;
        } else {
            fs::copy(&entry, copy)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_docs_is_in_the_sidebar_and_in_llms_txt() {
        let root = crate::root();
        let site = Site::read(&root, false).unwrap();
        assert_eq!(site.orphans(&root).unwrap(), Vec::<PathBuf>::new());
        let (llms, sidebar) =
            (llms(&site), json!(site.sections.iter().map(sidebar).collect::<Vec<_>>()));
        let sidebar = sidebar.to_string();
        for page in site.pages() {
            let path = page.path.display();
            assert!(llms.contains(&format!("]({path}): ")), "llms.txt lacks {path}");
            assert!(page.summary.len() > 20, "{path} begins with {:?}", page.summary);
            let link = page.path.with_extension("").display().to_string();
            let link = link.strip_suffix("index").unwrap_or(&link);
            assert!(sidebar.contains(&format!("\"/{link}\"")) || link.is_empty(), "{link}");
        }
    }

    #[test]
    fn llms_txt_has_a_title_a_summary_and_the_sections_of_the_sidebar() {
        let root = crate::root();
        let site = Site::read(&root, false).unwrap();
        let text = llms(&site);
        assert!(
            text.starts_with(&format!("# better-auth-edge\n\n> {ABOUT}\n\n- [Home](index.md): "))
        );
        let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let titles: Vec<_> = site.sections.iter().map(|section| &*section.title).collect();
        assert_eq!(found, titles);
        assert_eq!(text.matches("\n- [").count(), site.pages().count());
    }

    #[test]
    fn the_site_has_llms_txt_and_every_page_once_in_llms_full_txt() {
        let root = crate::root();
        let site = Site::read(&root, false).unwrap();
        let directory = root.join("target/docs/test-of-llms");
        let (staged, built) = (directory.join("staged"), directory.join("built"));
        write(&root, &site, &staged).unwrap();
        for page in site.pages() {
            fs::create_dir_all(built.join(&page.path).parent().unwrap()).unwrap();
        }
        write_markdown(&site, &staged, &built).unwrap();
        assert_eq!(fs::read_to_string(built.join("llms.txt")).unwrap(), llms(&site));
        let full = fs::read_to_string(built.join("llms-full.txt")).unwrap();
        for page in site.pages() {
            let text = fs::read_to_string(built.join(&page.path)).unwrap();
            let expected = format!("<!-- {} -->\n\n{}\n\n", page.path.display(), text.trim());
            assert_eq!(full.matches(&expected).count(), 1, "{}", page.path.display());
        }
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn links_point_to_pages_of_the_site_and_keep_only_their_text_without_a_url() {
        let root = crate::root();
        let site = Site::read(&root, false).unwrap();
        for page in site.pages() {
            let text = staged(&root, &site, page, "");
            for link in crate::docs::markdown::Document::parse(&text).links {
                let Some((path, _)) = resolve(&page.path, &link.target) else { continue };
                let known =
                    path.starts_with("assets") || site.pages().any(|page| page.path == path);
                assert!(known, "{}:{}: {}", page.source.display(), link.line, link.target);
            }
        }
    }
}
