use super::table::Row;
use super::{KEY_SETS, KEYS, RESOURCES, SHAPES};
use crate::KeyInfo;

/// An action. They are ordered by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Action(Row);

/// What an action does, as AWS classifies it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AccessLevel {
    /// Lists what there is.
    List,
    /// Reads.
    Read,
    /// Changes tags and nothing else.
    Tagging,
    /// Changes something.
    Write,
    /// Changes who may do what.
    PermissionsManagement,
}

impl AccessLevel {
    /// All of them, the most harmless first.
    pub const ALL: [Self; 5] =
        [Self::List, Self::Read, Self::Tagging, Self::Write, Self::PermissionsManagement];
}

/// A type of resources that an action is authorized for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResourceType {
    /// Its name, `bucket`.
    pub name: &'static str,
    /// Whether every request of the action has one.
    pub required: bool,
    pattern: &'static str,
}

impl ResourceType {
    /// A type, once for each form of its ARNs.
    pub(super) fn of(
        name: &'static str,
        required: bool,
        patterns: &'static str,
    ) -> impl Iterator<Item = Self> {
        patterns.split(", arn:${Partition}:").map(move |pattern| Self { name, required, pattern })
    }

    /// Its ARN with variables, `arn:${Partition}:s3:::${BucketName}`.
    pub fn arn(self) -> String {
        format!("arn:${{Partition}}:{}", self.pattern)
    }

    /// The service in its ARNs, which is another one than that of the action now and then.
    pub(crate) fn service(self) -> &'static str {
        self.pattern.split(':').next().unwrap_or_default()
    }

    /// A pattern that all its ARNs match, `arn:*:s3:::*`.
    pub fn pattern(self) -> String {
        let mut out = "arn:*:".to_owned();
        let mut rest = self.pattern;
        while let Some((text, variable)) = rest.split_once("${") {
            out.push_str(text);
            out.push('*');
            rest = variable.split_once('}').map_or("", |(_, rest)| rest);
        }
        out.push_str(rest);
        out
    }
}

impl Action {
    pub(super) const fn of(row: Row) -> Self {
        Self(row)
    }

    /// Its whole name, `s3:GetObject`.
    pub fn name(self) -> &'static str {
        self.0.cell(0)
    }

    /// The prefix of its service, `s3`.
    pub fn service(self) -> &'static str {
        super::table::until(self.name(), b':')
    }

    /// What it does.
    pub fn level(self) -> AccessLevel {
        match self.0.cell(1) {
            "L" => AccessLevel::List,
            "R" => AccessLevel::Read,
            "T" => AccessLevel::Tagging,
            "P" => AccessLevel::PermissionsManagement,
            _ => AccessLevel::Write,
        }
    }

    /// The types of resources that it is authorized for. Where there are none, its resource is always `*`.
    ///
    /// A type that has ARNs of two forms is there twice.
    pub fn resource_types(self) -> impl Iterator<Item = ResourceType> {
        let service = self.service();
        list(self.shape(1), ',').flat_map(move |listed| {
            let name = listed.trim_end_matches('*');
            let found = RESOURCES.find(&format!("{service}:{name}"));
            let required = listed.len() > name.len();
            ResourceType::of(name, required, found.map_or("*:*:*:*", |row| row.cell(1)))
        })
    }

    /// What tells its resource types from those of other actions: its service and their names.
    pub(crate) fn types_key(self) -> (&'static str, &'static str) {
        (self.service(), self.shape(1))
    }

    /// Whether it is authorized for single resources. Where it is not, its resource is always `*`.
    pub fn has_resource_types(self) -> bool {
        !self.shape(1).is_empty()
    }

    /// Whether every request of it has a resource of one of its types. AWS marks types that each request has; of several
    /// types that are not marked, a request that changes something has one (Service Authorization Reference,
    /// "Resource types").
    pub fn is_always_about_a_resource(self) -> bool {
        let (mut names, mut required) = (0_usize, false);
        for listed in list(self.shape(1), ',') {
            names += 1;
            required |= listed.ends_with('*');
        }
        let alternatives = match self.level() {
            AccessLevel::Tagging => 1,
            AccessLevel::Write | AccessLevel::PermissionsManagement => 2,
            // Reading without a name lists what there is, but for objects.
            AccessLevel::List | AccessLevel::Read => {
                if self.service() == "s3" {
                    2
                } else {
                    usize::MAX
                }
            }
        };
        required || names >= alternatives
    }

    /// The condition keys of its own that a request may carry; keys that every request may carry are not among
    /// them.
    pub fn condition_keys(self) -> impl Iterator<Item = KeyInfo> {
        let numbers = KEY_SETS.find(self.shape(2)).map_or("", |row| row.cell(1));
        list(numbers, ' ').filter_map(|number| KEYS.find(number)).map(KeyInfo::of)
    }

    /// Actions that its caller needs besides.
    pub fn dependent_actions(self) -> impl Iterator<Item = &'static str> {
        list(self.shape(3), ',')
    }

    pub(super) fn shape(self, column: usize) -> &'static str {
        SHAPES.find(self.0.cell(2)).map_or("", |row| row.cell(column))
    }
}

fn list(cell: &'static str, separator: char) -> impl Iterator<Item = &'static str> {
    cell.split(separator).filter(|entry| !entry.is_empty())
}
