//! How many threads to use beside other programs.
//!
//! With a busy program on one of the cores, the thread that shares that core is taken off it for
//! whole slices of the scheduler, and everyone waits for the item that it holds; or it is woken on
//! the caller's core and drives the caller off it. Then a thread more may be a loss, and one fewer
//! leaves the other program its core. So: when more than a fifth of the time goes to others, one
//! thread rests for a while. If work of the same kind went no faster without it, it comes back to
//! stay; else it comes back for a trial, again and again, since the other program may have gone.
//!
//! A state machine over measured times: which threads compute never changes a result.

use std::time::Duration;

/// When one part in so many of the time is lost, a thread is given up.
const TOLERATED: u32 = 5;
/// Over this much computing the share is taken: many slices of a scheduler, so that one
/// interruption is none.
const WINDOW: Duration = Duration::from_millis(100);
/// For so long a thread rests at first, and after trials that failed.
const RESTS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
/// For so long a thread that was missed stays whatever is lost, at first and when it was missed again.
const STAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(8)];
/// Waking and being woken, which costs as much on a quiet machine.
const WAKING: Duration = Duration::from_micros(20);

/// How a region went for the thread that called for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Region {
    /// All items.
    pub(super) items: usize,
    /// Those that the caller did.
    pub(super) own: usize,
    /// From the call to the caller's first item: the others were woken.
    pub(super) setup: Duration,
    /// In the caller's own items.
    pub(super) work: Duration,
    /// From the caller's last item to the end of all.
    pub(super) wait: Duration,
}

impl Region {
    /// From the call to the end.
    pub(super) fn whole(&self) -> Duration {
        self.setup + self.work + self.wait
    }

    /// What neither the work nor its uneven cut explains. An item that was begun before the caller's
    /// last one ends within an item's time, or two where items are not alike.
    fn lost(&self) -> Duration {
        let own = u32::try_from(self.own).unwrap_or(u32::MAX).max(1);
        let explained = WAKING + 2 * (self.work / own);
        self.setup.saturating_sub(WAKING) + self.wait.saturating_sub(explained)
    }
}

/// Some regions one after the other.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    regions: usize,
    items: usize,
    whole: Duration,
    lost: Duration,
}

impl Window {
    fn add(&mut self, region: &Region) {
        self.regions += 1;
        self.items += region.items;
        self.whole += region.whole();
        self.lost += region.lost();
    }

    /// Whether the work was of the same kind, for all that can be told from how it is cut.
    fn is_like(&self, other: &Self) -> bool {
        let cut = |window: &Self| window.items as f64 / window.regions as f64;
        (cut(self) / cut(other) - 1.0).abs() < 0.1
    }

    /// Items a second.
    fn rate(&self) -> f64 {
        self.items as f64 / self.whole.as_secs_f64()
    }
}

/// Decides how many threads compute.
#[derive(Debug)]
pub(super) struct Adaptive {
    most: usize,
    threads: usize,
    window: Window,
    /// The window for which a thread, or several in a row, were given up.
    before: Window,
    /// When the thread given up last has rested, and how long the next rest will be.
    rested_at: Duration,
    rest: Duration,
    /// Until when none is given up, and for how long the next one that was missed will stay.
    stays_until: Duration,
    stay: Duration,
}

impl Adaptive {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            threads: most,
            window: Window::default(),
            before: Window::default(),
            rested_at: Duration::ZERO,
            rest: RESTS[0],
            stays_until: Duration::ZERO,
            stay: STAYS[0],
        }
    }

    /// How many threads should compute now, the caller among them: at least one.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Takes in how a region went that ended at `now`, the time since any fixed moment.
    pub(super) fn note(&mut self, region: &Region, now: Duration) {
        self.window.add(region);
        let window = self.window;
        let gives_up = self.threads > 1 && TOLERATED * window.lost > window.whole;
        if self.threads < self.most && now >= self.rested_at {
            match gives_up {
                true => self.give_up(now),
                false => self.end_rest(&window, now),
            }
        } else if window.whole < WINDOW {
            return;
        } else if gives_up && now >= self.stays_until {
            self.before = window;
            self.give_up(now);
        } else if self.threads == self.most {
            self.rest = RESTS[0];
        }
        self.window = Window::default();
    }

    fn give_up(&mut self, now: Duration) {
        self.threads -= 1;
        self.rested_at = now + self.rest;
        self.rest = (2 * self.rest).min(RESTS[1]);
    }

    /// The thread given up last comes back after `window` without it.
    fn end_rest(&mut self, window: &Window, now: Duration) {
        self.threads += 1;
        // Were it of use, and others were given up too, the next one would come back after this.
        self.rested_at = now + 2 * WINDOW;
        if !window.is_like(&self.before) {
            return;
        }
        if window.rate() > self.before.rate() {
            self.stay = STAYS[0];
        } else {
            self.rest = RESTS[0];
            self.stays_until = now + self.stay;
            self.stay = (2 * self.stay).min(STAYS[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(microseconds: u64) -> Duration {
        Duration::from_micros(microseconds)
    }

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// A pool whose regions take what a test says, in a time of its own.
    struct Machine {
        adaptive: Adaptive,
        now: Duration,
        /// Time with each number of threads.
        spent: [Duration; 9],
    }

    impl Machine {
        fn new(threads: usize) -> Self {
            Self { adaptive: Adaptive::new(threads), now: Duration::ZERO, spent: [Duration::ZERO; 9] }
        }

        /// Goes through regions for `length`; how one goes depends on the number of threads.
        /// Gives the time spent with each number of threads.
        fn compute(&mut self, length: Duration, region: impl Fn(usize) -> Region) -> [Duration; 9] {
            self.spent = [Duration::ZERO; 9];
            let until = self.now + length;
            while self.now < until {
                let threads = self.adaptive.threads();
                let region = region(threads);
                self.now += region.whole();
                self.spent[threads] += region.whole();
                self.adaptive.note(&region, self.now);
            }
            self.spent
        }
    }

    /// A product for one token: eight items of 12 us.
    fn token(threads: usize) -> Region {
        let own = 8usize.div_ceil(threads);
        let (setup, wait) = if threads > 1 { (us(4), us(10)) } else { (us(0), us(0)) };
        Region { items: 8, own, setup, work: us(12) * own as u32, wait }
    }

    /// A product for a prompt: forty items of 50 us.
    fn prompt(threads: usize) -> Region {
        let own = 40usize.div_ceil(threads);
        Region { items: 40, own, work: us(50) * own as u32, ..Region::default() }
    }

    /// A token, and the item of one worker of all waits for its core.
    fn disturbed(threads: usize) -> Region {
        if threads > 1 { Region { wait: us(110), ..token(threads) } } else { token(threads) }
    }

    fn others(spent: &[Duration; 9], threads: usize) -> Duration {
        spent.iter().sum::<Duration>() - spent[threads]
    }

    #[test]
    fn on_a_quiet_machine_all_threads_compute_all_the_time() {
        for region in [token, prompt] {
            let spent = Machine::new(4).compute(Duration::from_secs(5), region);
            assert_eq!(others(&spent, 4), Duration::ZERO);
        }
    }

    #[test]
    fn an_uneven_cut_is_no_loss() {
        // The caller is done with two of three items while the other is in the third.
        let uneven = |_| Region { items: 3, own: 2, work: us(80), wait: us(80), ..Region::default() };
        let spent = Machine::new(2).compute(Duration::from_secs(1), uneven);
        assert_eq!(others(&spent, 2), Duration::ZERO);
    }

    #[test]
    fn one_interruption_is_no_reason_to_give_a_thread_up() {
        let mut machine = Machine::new(2);
        machine.compute(ms(40), token);
        machine.compute(us(1), |_| Region { wait: ms(8), ..token(2) });
        assert_eq!(others(&machine.compute(Duration::from_secs(1), token), 2), Duration::ZERO);
    }

    #[test]
    fn beside_a_busy_program_one_thread_rests_most_of_the_time() {
        let mut machine = Machine::new(2);
        machine.compute(ms(100), disturbed);
        let spent = machine.compute(Duration::from_secs(5), disturbed);
        assert!(spent[1] > 3 * spent[2], "{spent:?}");
        assert!(spent[2] > Duration::ZERO, "there was no trial");
    }

    #[test]
    fn the_thread_is_back_soon_after_the_program_has_gone() {
        let mut machine = Machine::new(2);
        machine.compute(Duration::from_secs(3), disturbed);
        machine.compute(RESTS[1], token);
        assert_eq!(others(&machine.compute(Duration::from_secs(1), token), 2), Duration::ZERO);
    }

    #[test]
    fn a_thread_that_brings_more_than_it_costs_stays() {
        let slowed = |threads| match threads {
            1 => prompt(1),
            _ => Region { wait: us(500), ..prompt(threads) },
        };
        let spent = Machine::new(2).compute(Duration::from_secs(10), slowed);
        assert!(spent[2] > 10 * spent[1], "{spent:?}");
        assert!(spent[1] > Duration::ZERO, "it was not tried without");
    }

    #[test]
    fn work_of_another_kind_is_no_measure() {
        let mut machine = Machine::new(2);
        while machine.adaptive.threads() == 2 {
            machine.compute(us(1), disturbed);
        }
        // Fewer items a second, because they are larger.
        machine.compute(RESTS[0] + ms(1), prompt);
        assert_eq!((machine.adaptive.threads(), machine.adaptive.stays_until), (2, Duration::ZERO));
    }

    #[test]
    fn a_caller_that_was_driven_off_while_it_woke_others_counts_as_lost() {
        let driven_off = |threads| match threads {
            1 => token(1),
            _ => Region { setup: us(80), ..token(threads) },
        };
        let mut machine = Machine::new(2);
        machine.compute(ms(150), driven_off); // A window, and half of the first rest.
        assert_eq!(machine.adaptive.threads(), 1);
    }

    #[test]
    fn of_many_threads_only_as_many_rest_as_are_in_the_way() {
        // Two of eight cores belong to others.
        let crowded = |threads| if threads > 6 { disturbed(threads) } else { token(threads) };
        let mut machine = Machine::new(8);
        machine.compute(ms(600), crowded);
        let spent = machine.compute(Duration::from_secs(5), crowded);
        assert!(spent[6] > 2 * others(&spent, 6), "{spent:?}");
        assert_eq!(spent[..6], [Duration::ZERO; 6]);
    }

    #[test]
    fn there_is_always_one_thread() {
        let hopeless = |_| Region { wait: us(500), ..token(1) };
        let mut machine = Machine::new(3);
        let spent = machine.compute(Duration::from_secs(2), hopeless);
        assert_eq!(spent[0], Duration::ZERO);
    }
}
