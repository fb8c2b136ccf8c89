//! Other file systems within a source: drives that are mounted in it, and what only looks like files.

use crate::file::device;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Kinds of file systems that hold no files of anybody: windows into the system.
const VIRTUAL: [&str; 22] = [
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "resctrl",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sysfs",
    "tracefs",
];

/// Why such a place is not looked at.
pub(super) const IS_VIRTUAL: &str = "a virtual file system of the operating system";

/// The file systems below a root, as a walk comes upon them.
#[derive(Debug)]
pub(super) struct Mounts {
    root: Option<u64>,
    virtual_devices: HashSet<u64>,
    met: Mutex<Met>,
}

/// Folders, relative to the root.
#[derive(Clone, Debug, Default)]
pub(super) struct Met {
    /// Those on which something is mounted.
    pub(super) mounted: BTreeSet<String>,
    /// Those of them that are not to be entered.
    pub(super) virtual_ones: BTreeSet<String>,
}

impl Mounts {
    pub(super) fn below(root: &Path) -> Self {
        Self { root: device(root), virtual_devices: virtual_devices(), met: Mutex::default() }
    }

    /// Whether the root itself lies on a virtual file system.
    pub(super) fn is_root_virtual(&self) -> bool {
        self.root.is_some_and(|root| self.virtual_devices.contains(&root))
    }

    /// Whether a folder may be entered; keeps in mind what is mounted there.
    pub(super) fn enters(&self, folder: &Path, rel_path: &str) -> bool {
        let here = device(folder);
        // Nearly every folder lies on the root's device.
        let Some(here_device) = here.filter(|_| here != self.root) else { return true };
        let is_virtual = self.virtual_devices.contains(&here_device);
        let is_mount_point = folder.parent().is_some_and(|parent| device(parent) != here);
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if is_virtual {
            met.virtual_ones.insert(rel_path.to_owned());
        } else if is_mount_point {
            met.mounted.insert(rel_path.to_owned());
        }
        !is_virtual
    }

    /// What the walk has come upon so far.
    pub(super) fn met(&self) -> Met {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The numbers of the devices of virtual file systems, where the system tells them.
fn virtual_devices() -> HashSet<u64> {
    table().lines().filter_map(virtual_device).collect()
}

/// The places at which drives are mounted at the moment, where the system tells them: so that one that
/// comes or goes within a source is noticed, which no event tells.
pub fn mount_points() -> BTreeSet<PathBuf> {
    table().lines().filter_map(mount_point).collect()
}

/// What is mounted, as the system tells it (proc_pid_mountinfo(5)); nothing on other systems.
fn table() -> String {
    if !cfg!(target_os = "linux") {
        return String::new();
    }
    // Names need not be Unicode; what is not concerns no place that could be told.
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    String::from_utf8_lossy(&table).into_owned()
}

/// The place of a line of `mountinfo`, unless what is mounted there is a virtual file system.
fn mount_point(line: &str) -> Option<PathBuf> {
    if virtual_device(line).is_some() {
        return None;
    }
    line.split(' ').nth(4).map(|place| PathBuf::from(unescaped(place)))
}

/// Spaces, tabs, ends of lines and backslashes stand in the table as a backslash and three octal digits.
fn unescaped(place: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(place.to_owned(), |place, (escape, sign)| place.replace(escape, sign))
}

/// The device of a line of `mountinfo` (see proc_pid_mountinfo(5)) if it is of a virtual file system.
fn virtual_device(line: &str) -> Option<u64> {
    let (mount, file_system) = line.split_once(" - ")?;
    let kind = file_system.split(' ').next()?;
    let (major, minor) = mount.split(' ').nth(2)?.split_once(':')?;
    let number = device_number(major.parse().ok()?, minor.parse().ok()?);
    VIRTUAL.contains(&kind).then_some(number)
}

/// As `stat` writes both parts of a device's number on Linux, see makedev(3).
fn device_number(major: u64, minor: u64) -> u64 {
    ((major & 0xffff_f000) << 32) | ((major & 0xfff) << 8) | ((minor & 0xffff_ff00) << 12) | (minor & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_file_systems_are_known_by_their_line() {
        let proc = "23 28 0:21 / /proc rw,nosuid shared:14 - proc proc rw";
        assert_eq!(virtual_device(proc), Some(21));
        let disk = "28 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw";
        assert_eq!(virtual_device(disk), None);
        assert_eq!(virtual_device("nonsense"), None);
        assert_eq!(device_number(259, 2), 0x1_0302);
        assert_eq!(device_number(0, 300), 0x10_002c);
    }

    #[test]
    fn places_of_drives_are_read_as_they_are_called() {
        let stick = "99 28 8:17 / /media/me/My\\040stick rw,nosuid shared:2 - vfat /dev/sdb1 rw";
        assert_eq!(mount_point(stick), Some(PathBuf::from("/media/me/My stick")));
        let odd = "99 28 8:17 / /media/a\\134040b rw - ext4 /dev/sdb1 rw";
        assert_eq!(mount_point(odd), Some(PathBuf::from("/media/a\\040b")), "a backslash of its own");
        let proc = "23 28 0:21 / /proc rw,nosuid shared:14 - proc proc rw";
        assert_eq!(mount_point(proc), None);
        assert_eq!(mount_point("nonsense"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_own_windows_are_not_entered() {
        let mounts = Mounts::below(Path::new("/"));
        assert!(!mounts.is_root_virtual() && !mounts.enters(Path::new("/proc"), "proc"));
        assert!(mounts.enters(Path::new("/usr"), "usr"));
        assert!(mounts.met().virtual_ones.contains("proc"));
        assert!(Mounts::below(Path::new("/proc")).is_root_virtual());
    }
}
