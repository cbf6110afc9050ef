//! The crate's production code as `syn` reads it: every file whole, with the absolute paths that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use syn::buffer::Cursor;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, Token, UseTree, Visibility};

/// An absolute path: `["crate", "domain", "Flow"]`, or `["tokio", "net", "TcpStream"]`.
pub(crate) type AbsolutePath = Vec<String>;

/// `["view", "wire"]` for `src/view/wire/mod.rs`; empty for the root.
type Module = Vec<String>;

/// A name may stand for a name that stands for another; more than this is a circle of aliases.
const MAX_ALIASES: usize = 8;

/// The library, read once for all tests.
pub(crate) static CRATE: LazyLock<Crate> = LazyLock::new(Crate::read);

/// All files that the compiler reaches from the root.
pub(crate) struct Crate {
    pub(crate) files: Vec<SourceFile>,
    /// Files that are compiled for tests only. They have no rules.
    pub(crate) test_files: BTreeSet<PathBuf>,
    /// The index in `files` of the file that a module is in, which may be inline there.
    modules: BTreeMap<Module, usize>,
}

/// One file of production code, without the items under `#[cfg(test)]`.
pub(crate) struct SourceFile {
    /// Below `src`.
    pub(crate) path: PathBuf,
    pub(crate) module: Module,
    /// The names of the types that it defines.
    pub(crate) types: Vec<String>,
    /// Every identifier, also those in the arguments of macros.
    pub(crate) words: BTreeSet<String>,
    imports: Vec<Import>,
    mentions: Vec<Mention>,
    /// The modules it declares, with the file of those that have one, and whether only tests have them.
    children: Vec<Child>,
}

/// One name that a `use` brings into a module.
struct Import {
    module: Module,
    name: String,
    path: Vec<String>,
    /// A `pub use` offers a name to others; it is not in itself a use of it.
    exported: bool,
}

/// A path in an expression, a type, a pattern, an attribute or the arguments of a macro.
struct Mention {
    module: Module,
    path: Vec<String>,
}

struct Child {
    module: Module,
    file: Option<PathBuf>,
    test_only: bool,
}

impl Crate {
    /// Reads the library from its root, `src/lib.rs`.
    fn read() -> Self {
        let mut this = Self { files: Vec::new(), test_files: BTreeSet::new(), modules: BTreeMap::new() };
        this.add(PathBuf::from("lib.rs"), Vec::new(), false);
        this
    }

    fn add(&mut self, path: PathBuf, module: Module, test_only: bool) {
        let file = SourceFile::parse(path, module, None);
        for child in &file.children {
            if let Some(path) = &child.file {
                self.add(path.clone(), child.module.clone(), test_only || child.test_only);
            }
        }
        if test_only {
            self.test_files.insert(file.path);
            return;
        }
        let inline = file.children.iter().filter(|child| child.file.is_none() && !child.test_only);
        let modules = std::iter::once(&file.module).chain(inline.map(|child| &child.module));
        self.modules.extend(modules.map(|module| (module.clone(), self.files.len())));
        self.files.push(file);
    }

    /// A file as it would be with a line added at its end.
    pub(crate) fn planted(&self, path: &str, line: &str) -> SourceFile {
        let file = self.files.iter().find(|file| file.path == Path::new(path)).expect("a file of the crate");
        SourceFile::parse(file.path.clone(), file.module.clone(), Some(line))
    }

    pub(crate) fn layer(&self, name: &str) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(move |file| file.module.first().is_some_and(|first| first == name))
    }

    /// The absolute paths that a file names, `pub use` included.
    pub(crate) fn paths(&self, file: &SourceFile) -> BTreeSet<AbsolutePath> {
        let named = file.imports.iter().map(|import| (&import.module, &import.path));
        let named = named.chain(file.mentions.iter().map(|mention| (&mention.module, &mention.path)));
        named.map(|(module, path)| self.absolute(file, module, path, 0)).collect()
    }

    /// The files of the crate whose items a file uses. Re-exports are followed to the file that defines the item, and
    /// a `pub use` alone is not a use.
    pub(crate) fn dependencies(&self, file: &SourceFile) -> BTreeSet<PathBuf> {
        let private = file.imports.iter().filter(|import| !import.exported);
        let used = private.map(|import| (&import.module, &import.path));
        let used = used.chain(file.mentions.iter().map(|mention| (&mention.module, &mention.path)));
        let paths: BTreeSet<_> = used.map(|(module, path)| self.absolute(file, module, path, 0)).collect();
        paths.iter().filter_map(|path| self.defining_file(path)).filter(|path| *path != file.path).collect()
    }

    fn defining_file(&self, path: &AbsolutePath) -> Option<PathBuf> {
        let path = self.follow_exports(path, 0);
        if path.first()? != "crate" {
            return None;
        }
        let lengths = (1..=path.len()).rev();
        lengths.map(|length| &path[1..length]).find_map(|module| self.file_of(module)).map(|file| file.path.clone())
    }

    /// Replaces a name that a module only re-exports by what it stands for.
    fn follow_exports(&self, path: &AbsolutePath, depth: usize) -> AbsolutePath {
        if path.first().is_none_or(|first| first != "crate") || depth > MAX_ALIASES {
            return path.clone();
        }
        let length = (1..=path.len()).rev().find(|length| self.is_module(&path[1..*length])).unwrap_or(1);
        let module = &path[1..length];
        let rest = &path[length..];
        let Some((name, rest)) = rest.split_first() else { return path.clone() };
        let Some(file) = self.file_of(module) else { return path.clone() };
        match file.import(module, name) {
            Some(import) => {
                let mut target = self.absolute(file, module, &import.path, 0);
                target.extend_from_slice(rest);
                self.follow_exports(&target, depth + 1)
            }
            None => path.clone(),
        }
    }

    fn absolute(&self, file: &SourceFile, module: &[String], path: &[String], depth: usize) -> AbsolutePath {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let within = |module: &[String], rest: &[String]| {
            let root = std::iter::once("crate".to_owned());
            root.chain(module.iter().cloned()).chain(rest.iter().cloned()).collect::<Vec<_>>()
        };
        match first.as_str() {
            "crate" => path.to_vec(),
            "self" => within(module, rest),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                within(&module[..module.len().saturating_sub(ups)], &path[ups..])
            }
            // `::name` is another crate.
            "" => rest.to_vec(),
            _ if self.is_module(&[module, &path[..1]].concat()) => within(module, path),
            _ => match file.import(module, first) {
                Some(import) if depth < MAX_ALIASES && import.path.as_slice() != path => {
                    let mut target = self.absolute(file, module, &import.path, depth + 1);
                    target.extend_from_slice(rest);
                    target
                }
                _ => path.to_vec(),
            },
        }
    }

    fn is_module(&self, module: &[String]) -> bool {
        self.modules.contains_key(module)
    }

    fn file_of(&self, module: &[String]) -> Option<&SourceFile> {
        self.modules.get(module).map(|at| &self.files[*at])
    }
}

impl SourceFile {
    fn import(&self, module: &[String], name: &str) -> Option<&Import> {
        self.imports.iter().find(|import| import.module == module && import.name == name)
    }

    fn parse(path: PathBuf, module: Module, planted: Option<&str>) -> Self {
        let text = fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let text = text + "\n" + planted.unwrap_or_default();
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut reader = Reader {
            module: module.clone(),
            file: Self {
                path,
                module,
                types: Vec::new(),
                words: BTreeSet::new(),
                imports: Vec::new(),
                mentions: Vec::new(),
                children: Vec::new(),
            },
        };
        reader.visit_file(&file);
        reader.file
    }

    /// The folder of the files of its modules.
    fn folder(&self) -> PathBuf {
        let is_root = ["mod.rs", "lib.rs", "main.rs"].iter().any(|name| self.path.ends_with(name));
        if is_root { self.path.with_file_name("") } else { self.path.with_extension("") }
    }

    fn child_file(&self, name: &str, attributes: &[Attribute]) -> PathBuf {
        let path = attributes.iter().find(|attribute| attribute.path().is_ident("path"));
        if let Some(Meta::NameValue(meta)) = path.map(|attribute| &attribute.meta) {
            let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) = &meta.value else {
                panic!("{}: a #[path] that is not a string", self.path.display());
            };
            return self.path.with_file_name(name.value());
        }
        let flat = self.folder().join(name).with_extension("rs");
        if root().join(&flat).exists() { flat } else { self.folder().join(name).join("mod.rs") }
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All Rust files below a folder, relative to it.
pub(crate) fn rust_files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.insert(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found
}

/// The rows of the first table in a Markdown text that has a given first column.
pub(crate) fn table(text: &str, first_column: &str) -> BTreeMap<String, Vec<String>> {
    let cells = |line: &str| line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let mut rows = text.lines().map(cells).skip_while(|row: &Vec<String>| row[0] != first_column);
    let title = rows.next().unwrap_or_else(|| panic!("a table with the column {first_column:?}"));
    let rows = rows.skip(1).take_while(|row| row.len() == title.len());
    rows.map(|row| (row[0].trim_matches(['`', '[', ']']).to_owned(), row[1..].to_vec())).collect()
}

/// Collects the names and paths of a file while it goes through the syntax tree.
struct Reader {
    module: Module,
    file: SourceFile,
}

impl Reader {
    fn mention(&mut self, path: Vec<String>) {
        self.file.mentions.push(Mention { module: self.module.clone(), path });
    }

    fn import(&mut self, tree: &UseTree, mut path: Vec<String>, exported: bool) {
        let mut add = |name: String, path: Vec<String>| {
            let module = self.module.clone();
            self.file.imports.push(Import { module, name, path, exported });
        };
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.import(&tree.tree, path, exported);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, path.clone(), exported));
            }
            UseTree::Name(name) if name.ident == "self" => add(path.last().cloned().unwrap_or_default(), path),
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                add(name.ident.to_string(), path);
            }
            UseTree::Rename(name) => {
                if name.ident != "self" {
                    path.push(name.ident.to_string());
                }
                add(name.rename.to_string(), path);
            }
            UseTree::Glob(_) => add("*".to_owned(), path),
        }
    }

    /// The paths in what the compiler hands to a macro, where there are only tokens.
    fn tokens(&mut self, mut cursor: Cursor) {
        let mut path: Vec<String> = Vec::new();
        let mut joined = false;
        let mut after_dot = false;
        while !cursor.eof() {
            if let Some((inside, _, _, next)) = cursor.any_group() {
                self.finish(&mut path);
                self.tokens(inside);
                (joined, after_dot, cursor) = (false, false, next);
            } else if let Some((ident, next)) = cursor.ident() {
                if !joined {
                    self.finish(&mut path);
                }
                self.file.words.insert(ident.to_string());
                if joined || !after_dot {
                    path.push(ident.to_string());
                }
                (joined, after_dot, cursor) = (false, false, next);
            } else if let Some((punct, next)) = cursor.punct() {
                let pair = next.punct().filter(|(second, _)| punct.as_char() == ':' && second.as_char() == ':');
                (joined, after_dot) = (pair.is_some(), punct.as_char() == '.');
                if !joined {
                    self.finish(&mut path);
                }
                cursor = pair.map_or(next, |(_, after)| after);
            } else {
                self.finish(&mut path);
                let (_, next) = cursor.token_tree().expect("a token before the end");
                (joined, after_dot, cursor) = (false, false, next);
            }
        }
        self.finish(&mut path);
    }

    fn finish(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 || path.first().is_some_and(|name| is_type_name(name)) {
            self.mention(path);
        }
    }

    fn declare(&mut self, item: &syn::ItemMod, test_only: bool) {
        let name = item.ident.to_string();
        let module = [&self.module[..], std::slice::from_ref(&name)].concat();
        let file = item.content.is_none().then(|| self.file.child_file(&name, &item.attrs));
        self.file.children.push(Child { module, file, test_only });
    }
}

impl Visit<'_> for Reader {
    fn visit_item(&mut self, item: &Item) {
        let test_only = attributes(item).iter().any(is_test_only);
        if let Item::Mod(item) = item {
            self.declare(item, test_only);
        }
        if !test_only {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        if !item.attrs.iter().any(is_test_only) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        self.import(&item.tree, start, !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_item_struct(&mut self, item: &syn::ItemStruct) {
        self.file.types.push(item.ident.to_string());
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &syn::ItemEnum) {
        self.file.types.push(item.ident.to_string());
        visit::visit_item_enum(self, item);
    }

    /// `text_enum!` declares an enum, whose texts are where discriminants would be.
    fn visit_item_macro(&mut self, item: &syn::ItemMacro) {
        match item.mac.parse_body::<syn::ItemEnum>() {
            Ok(declared) if item.mac.path.is_ident("text_enum") => self.visit_item_enum(&declared),
            _ => visit::visit_item_macro(self, item),
        }
    }

    fn visit_item_trait(&mut self, item: &syn::ItemTrait) {
        self.file.types.push(item.ident.to_string());
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &syn::ItemType) {
        self.file.types.push(item.ident.to_string());
        visit::visit_item_type(self, item);
    }

    fn visit_ident(&mut self, ident: &syn::Ident) {
        self.file.words.insert(ident.to_string());
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let start = path.leading_colon.map(|_| String::new());
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 || is_type_name(&segments[0]) {
            self.mention(start.into_iter().chain(segments).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &syn::ExprCall) {
        if let syn::Expr::Path(function) = &*call.func
            && let Some(name) = function.path.get_ident()
        {
            self.mention(vec![name.to_string()]);
        }
        visit::visit_expr_call(self, call);
    }

    /// `pub(super)` and `pub(in path)` use nothing.
    fn visit_visibility(&mut self, _: &Visibility) {}

    fn visit_macro(&mut self, call: &syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(syn::buffer::TokenBuffer::new2(call.tokens.clone()).begin());
    }

    fn visit_meta_list(&mut self, list: &syn::MetaList) {
        self.visit_path(&list.path);
        self.tokens(syn::buffer::TokenBuffer::new2(list.tokens.clone()).begin());
    }
}

/// Types and variants, not modules, functions and variables, which may share their name.
fn is_type_name(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

fn attributes(item: &Item) -> &[Attribute] {
    use syn::{
        ItemConst, ItemEnum, ItemExternCrate, ItemFn, ItemForeignMod, ItemImpl, ItemMacro, ItemMod, ItemStatic,
        ItemStruct, ItemTrait, ItemTraitAlias, ItemType, ItemUnion, ItemUse,
    };
    match item {
        Item::Const(ItemConst { attrs, .. })
        | Item::Enum(ItemEnum { attrs, .. })
        | Item::ExternCrate(ItemExternCrate { attrs, .. })
        | Item::Fn(ItemFn { attrs, .. })
        | Item::ForeignMod(ItemForeignMod { attrs, .. })
        | Item::Impl(ItemImpl { attrs, .. })
        | Item::Macro(ItemMacro { attrs, .. })
        | Item::Mod(ItemMod { attrs, .. })
        | Item::Static(ItemStatic { attrs, .. })
        | Item::Struct(ItemStruct { attrs, .. })
        | Item::Trait(ItemTrait { attrs, .. })
        | Item::TraitAlias(ItemTraitAlias { attrs, .. })
        | Item::Type(ItemType { attrs, .. })
        | Item::Union(ItemUnion { attrs, .. })
        | Item::Use(ItemUse { attrs, .. }) => attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]` and `#[cfg(all(test, …))]`, but not `#[cfg(any(test, …))]`.
fn is_test_only(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
}

fn needs_test(condition: &Meta) -> bool {
    let parts = |list: &syn::MetaList| list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(list).is_ok_and(|parts| parts.iter().any(needs_test)),
        Meta::List(list) if list.path.is_ident("any") => parts(list).is_ok_and(|parts| parts.iter().all(needs_test)),
        Meta::List(_) | Meta::NameValue(_) => false,
    }
}
