//! What a group of an RTF file is for, and the properties that hold within it.

/// Where the text of a group goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// To the paragraph being written.
    Text,
    /// Nowhere.
    Skip,
    /// To the number or bullet in front of an item.
    Marker,
    FontTable,
    StyleSheet,
    /// To a property of the document.
    Property(Property),
    /// To the name of who comments next.
    Author,
    /// Two forms of the same text; only the second, in Unicode, is read.
    Twice,
}

/// Properties of the document that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Title,
    Author,
    Keywords,
    Created,
    Modified,
}

/// Properties that hold until the group ends.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) destination: Destination,
    /// Number of the font.
    pub(super) font: i32,
    /// How many characters stand in for one in Unicode.
    pub(super) stand_ins: u32,
    pub(super) hidden: bool,
    pub(super) deleted: bool,
    pub(super) paragraph: Paragraph,
    /// Whether the group is a story of its own: a note, a head, a text box.
    pub(super) is_story: bool,
    /// Whether `\*` opened the group: if its word is not known, it is left out.
    pub(super) optional: bool,
}

/// Properties of paragraphs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Paragraph {
    /// Number of the style.
    pub(super) style: i32,
    /// Outline level from 0; 9 and above is text.
    pub(super) outline: Option<i32>,
    pub(super) in_table: bool,
    /// Number of the list; 0 for none.
    pub(super) list: i32,
    /// Depth in the list.
    pub(super) depth: i32,
}

impl Group {
    /// The outermost group.
    pub(super) fn outermost() -> Self {
        Self {
            destination: Destination::Text,
            font: -1,
            stand_ins: 1,
            hidden: false,
            deleted: false,
            paragraph: Paragraph::default(),
            is_story: false,
            optional: false,
        }
    }

    /// A group within this one.
    pub(super) fn inner(&self) -> Self {
        let destination = match self.destination {
            Destination::Twice => Destination::Skip,
            destination => destination,
        };
        Self { destination, is_story: false, optional: false, ..self.clone() }
    }
}

/// Destinations whose text is no text of the document (RTF 1.9.1).
const LEFT_OUT: &[&str] = &[
    "colortbl",
    "filetbl",
    "listtable",
    "listoverridetable",
    "revtbl",
    "rsidtbl",
    "generator",
    "xmlnstbl",
    "themedata",
    "colorschememapping",
    "latentstyles",
    "datastore",
    "bkmkstart",
    "bkmkend",
    "tc",
    "tcn",
    "xe",
    "rxe",
    "txe",
    "private",
    "fldinst",
    "template",
    "ftnsep",
    "ftnsepc",
    "ftncn",
    "aftnsep",
    "aftnsepc",
    "aftncn",
    "pntxta",
    "pntxtb",
    "pn",
    "pnseclvl",
    "panose",
    "falt",
    "mmathPr",
    "sp",
    "background",
    "pict",
    "nonshppict",
    "objdata",
    "objclass",
    "objname",
    "shprslt",
    "nesttableprops",
    "nonesttables",
    "datafield",
    "docvar",
    "formfield",
    "ffdeftext",
    "ffname",
    "subject",
    "operator",
    "company",
    "manager",
    "category",
    "doccomm",
    "comment",
    "hlinkbase",
    "printim",
    "buptim",
    "userprops",
    "atrfstart",
    "atrfend",
    "atnid",
    "atntime",
    "atndate",
    "atnref",
    "atnparent",
    "atnicn",
    "passwordhash",
    "wgrffmtfilter",
    "pgdsctbl",
    "blipuid",
    "picprop",
    "listname",
    "levelnumbers",
    "leveltext",
    "fontemb",
    "mhtmltag",
    "htmltag",
    "mvfmf",
    "protusertbl",
    "stylerestrictions",
];

/// Whether the text of this destination is left out.
pub(super) fn is_left_out(word: &str) -> bool {
    LEFT_OUT.contains(&word)
}
