//! Who names whom in a Rust crate: every `use` and every path in its code, followed through re-exports to the file that
//! defines the name. What a folder's own `mod.rs` defines is that folder's common ground, and tests do not count.

mod circles;
mod self_test;
mod tokens;

use std::collections::{BTreeMap, HashMap, HashSet};

pub(crate) use circles::{circles, described};
pub(crate) use tokens::{Token, texts, tokens};

/// A module from the crate's root, or any path below it: `["raster", "geometry"]`.
pub(crate) type Path = Vec<String>;

/// From file to file, with the line and the path that make the connection.
pub(crate) type Graph = BTreeMap<Path, BTreeMap<Path, String>>;

#[derive(Debug, Default)]
struct Module {
    /// The module that is a file of its own; an inline module's is the one around it.
    file: Path,
    /// What each name in scope was imported as, as it is written.
    imports: HashMap<String, Path>,
}

#[derive(Debug)]
struct Reference {
    module: Path,
    segments: Path,
    is_glob: bool,
    line: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Imports {
    modules: HashMap<Path, Module>,
    references: Vec<Reference>,
}

impl Imports {
    /// Reads the modules that `lib.rs` declares, and theirs. `files` maps places under `src` to their text.
    pub(crate) fn of(files: &BTreeMap<String, String>) -> Self {
        let mut imports = Self::default();
        imports.read(files, "lib.rs", "", &[]);
        imports
    }

    fn read(&mut self, files: &BTreeMap<String, String>, place: &str, folder: &str, module: &[String]) {
        let text = files.get(place).unwrap_or_else(|| panic!("{place} is declared and not there"));
        let all = tokens::without_tests(&tokens(text));
        let place_folder = place.rfind('/').map_or("", |slash| &place[..=slash]);
        let reader = &mut Reader { imports: self, files, file: module, place_folder, tokens: &all, at: 0 };
        reader.read(module, folder);
    }

    /// Every connection between two files, but those to a folder that the file itself lies in.
    pub(crate) fn between_files(&self) -> Graph {
        let mut graph = Graph::new();
        for reference in &self.references {
            let Some(target) = self.absolute(&reference.module, &reference.segments, &mut HashSet::new()) else {
                continue;
            };
            let (from, to) = (&self.modules[&reference.module].file, &self.modules[&target.module].file);
            let is_root = from.is_empty();
            if !is_root && !from.starts_with(to) {
                let reason = format!("line {}: {}", reference.line, reference.segments.join("::"));
                graph.entry(from.clone()).or_default().entry(to.clone()).or_insert(reason);
            }
        }
        graph
    }

    /// The same by top folders.
    pub(crate) fn between_folders(&self) -> Graph {
        let mut graph = Graph::new();
        for (from, targets) in self.between_files() {
            for (to, reason) in targets.into_iter().filter(|(to, _)| from[0] != to[0]) {
                let reason = format!("{} {reason}", from.join("/"));
                graph.entry(vec![from[0].clone()]).or_default().entry(vec![to[0].clone()]).or_insert(reason);
            }
        }
        graph
    }

    /// `use some::module::*` hides what is taken from where, so that no circle through it could be seen.
    pub(crate) fn globs_of_modules(&self) -> Vec<String> {
        let globs = self.references.iter().filter(|reference| reference.is_glob);
        let of_modules = globs.filter(|glob| {
            let target = self.absolute(&glob.module, &glob.segments, &mut HashSet::new());
            target.is_some_and(|target| target.is_module)
        });
        of_modules
            .map(|glob| format!("{} line {}: {}::*", glob.module.join("/"), glob.line, glob.segments.join("::")))
            .collect()
    }

    /// Where a path leads that is written in `module`; none where it leaves the crate.
    fn absolute(&self, module: &[String], segments: &[String], seen: &mut HashSet<Path>) -> Option<Target> {
        let mut base = module.to_vec();
        let mut rest = segments;
        match segments.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" | "super" => {
                while let Some(step @ ("self" | "super")) = rest.first().map(String::as_str) {
                    if step == "super" {
                        base.pop();
                    }
                    rest = &rest[1..];
                }
            }
            first => {
                let inner = joined(&base, &segments[..1]);
                let is_known = self.modules.contains_key(&inner)
                    || self.modules[&base].imports.contains_key(first) && !seen.contains(&inner);
                if !is_known {
                    return None;
                }
            }
        }
        self.descend(base, rest, seen)
    }

    /// Follows a path from `module` as deep as there are modules, and through what the last one imports.
    fn descend(&self, mut module: Path, mut rest: &[String], seen: &mut HashSet<Path>) -> Option<Target> {
        while let [name, inner @ ..] = rest {
            let child = joined(&module, std::slice::from_ref(name));
            if self.modules.contains_key(&child) {
                module = child;
                rest = inner;
                continue;
            }
            if let Some(import) = self.modules.get(&module)?.imports.get(name)
                && seen.insert(child)
                && let Some(target) = self.absolute(&module, import, seen)
            {
                return if target.is_module { self.descend(target.module, inner, seen) } else { Some(target) };
            }
            return Some(Target { module, is_module: false });
        }
        Some(Target { module, is_module: true })
    }
}

struct Target {
    module: Path,
    /// The path names the module itself and nothing in it.
    is_module: bool,
}

fn joined(base: &[String], rest: &[String]) -> Path {
    [base, rest].concat()
}

/// One file's tokens on their way into [`Imports`].
struct Reader<'a> {
    imports: &'a mut Imports,
    files: &'a BTreeMap<String, String>,
    file: &'a [String],
    /// The folder that the file lies in, from which a `#[path]` counts.
    place_folder: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
}

impl Reader<'_> {
    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    /// Reads a module to the end of its block or file. `folder` is where its modules' files lie.
    fn read(&mut self, module: &[String], folder: &str) {
        self.imports.modules.entry(module.to_vec()).or_default().file = self.file.to_vec();
        let mut depth = 0_usize;
        let mut path_attribute = None;
        while self.at < self.tokens.len() {
            let is_name = self.tokens.get(self.at + 1).is_some_and(Token::is_name);
            match self.text(0) {
                "{" => depth += 1,
                "}" if depth == 0 => return,
                "}" => depth -= 1,
                "#" if texts(self.tokens, self.at, &["#", "[", "path", "="]) => {
                    path_attribute = Some(format!("{}{}", self.place_folder, self.text(4).trim_matches('"')));
                }
                "mod" if is_name => {
                    let name = self.text(1).to_owned();
                    let inner = joined(module, std::slice::from_ref(&name));
                    let inner_folder = format!("{folder}{name}/");
                    let is_inline = self.text(2) == "{";
                    self.at += 3;
                    if is_inline {
                        self.read(&inner, &inner_folder);
                    } else {
                        let beside = format!("{folder}{name}.rs");
                        let within = format!("{inner_folder}mod.rs");
                        let usual = if self.files.contains_key(&within) { within } else { beside };
                        let place = path_attribute.take().unwrap_or(usual);
                        self.imports.read(self.files, &place, &inner_folder, &inner);
                        continue;
                    }
                }
                // `use<'a>` in a signature imports nothing.
                "use" if self.text(1) != "<" => {
                    self.at += 1;
                    self.use_tree(module, &[]);
                    continue;
                }
                _ if self.tokens[self.at].is_name() && self.text(1) == "::" => {
                    self.path(module);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// One branch of a `use`, up to the `,`, `}` or `;` behind it.
    fn use_tree(&mut self, module: &[String], before: &[String]) {
        let line = self.tokens[self.at].line;
        let mut segments = before.to_vec();
        let is_external = before.is_empty() && self.text(0) == "::";
        let mut name = None;
        loop {
            match self.text(0) {
                "{" => {
                    while !matches!(self.text(0), "}" | "") {
                        self.at += 1; // The `{` or a `,`.
                        if self.text(0) != "}" {
                            self.use_tree(module, &segments);
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    self.refer(module, segments, true, line);
                    return;
                }
                "as" => {
                    name = Some(self.text(1).to_owned());
                    self.at += 1;
                }
                "::" => {}
                "," | "}" | ";" | "" => break,
                segment if name.is_none() => segments.push(segment.to_owned()),
                _ => {}
            }
            self.at += 1;
        }
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let Some(last) = segments.last().cloned().filter(|_| !is_external) else { return };
        let here = self.imports.modules.entry(module.to_vec()).or_default();
        here.imports.insert(name.unwrap_or(last), segments.clone());
        self.refer(module, segments, false, line);
    }

    /// A path of at least two segments in code.
    fn path(&mut self, module: &[String]) {
        let line = self.tokens[self.at].line;
        let is_external = self.at > 0 && self.tokens[self.at - 1].text == "::";
        let mut segments = vec![self.text(0).to_owned()];
        self.at += 1;
        while self.text(0) == "::" && self.tokens.get(self.at + 1).is_some_and(Token::is_name) {
            segments.push(self.text(1).to_owned());
            self.at += 2;
        }
        if !is_external {
            self.refer(module, segments, false, line);
        }
    }

    fn refer(&mut self, module: &[String], segments: Path, is_glob: bool, line: usize) {
        self.imports.references.push(Reference { module: module.to_vec(), segments, is_glob, line });
    }
}
