//! Ends the worker when its parent is gone, where the system does not do that by itself.

use std::os::unix::process::parent_id;
use std::time::Duration;

/// How often the worker looks who its parent is.
const INTERVAL: Duration = Duration::from_secs(1);

/// Starts a thread that ends this process when its parent is gone; whether it could be started. To be
/// called early: of a parent that went before the call nothing is noticed.
pub(super) fn watch() -> bool {
    let parent = parent_id();
    std::thread::Builder::new().name("parent".to_owned()).spawn(move || end_after(parent)).is_ok()
}

fn end_after(parent: u32) {
    wait_for_change(parent, parent_id, INTERVAL);
    std::process::exit(0);
}

/// Waits until the parent is another one than `first`: a process whose parent is gone gets a new one.
fn wait_for_change(first: u32, mut parent: impl FnMut() -> u32, interval: Duration) {
    while parent() == first {
        std::thread::sleep(interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_first_look_that_finds_another_parent() {
        let mut looks = [7, 7, 7, 1, 7].into_iter();
        wait_for_change(7, || looks.next().unwrap(), Duration::ZERO);
        assert_eq!(looks.collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn a_process_whose_parent_lives_goes_on() {
        let (mut looks, own) = (0, parent_id());
        let parent = || {
            looks += 1;
            if looks < 4 { parent_id() } else { own.wrapping_add(1) }
        };
        wait_for_change(own, parent, Duration::ZERO);
        assert_eq!(looks, 4);
    }
}
