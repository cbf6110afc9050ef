//! Runs a list of tests, each with its needs. If the machine does not meet one, the test is reported as ignored, with the
//! reason, or as failed if `SOCKLAB_REQUIRE` promises that need. Rust's own harness has to know at compile time which
//! tests to ignore.

mod need;

use std::any::type_name;
use std::process::{Command, ExitCode};
use std::sync::{Mutex, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Trial};

pub(crate) use need::Need;

/// A test: an ordinary function that panics when it fails, named `module::function`, and its needs.
pub(crate) struct Test {
    name: &'static str,
    run: Box<dyn FnOnce() + Send>,
    needs: &'static [Need],
    on_request: Option<&'static str>,
    place: Place,
    in_own_process: bool,
}

/// When a test runs, and whether beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Started first, because it only waits, and longer than all others take.
    First,
    /// Beside others, and never while one of them is [`alone`].
    Beside,
    /// Started last, because it needs the processors for itself while it holds [`alone`].
    Last,
}

/// Held for writing by a test that is alone, and for reading by all others.
static PROCESSORS: RwLock<()> = RwLock::new(());

/// While this is held, no other test runs: under load packets would be late, and sent again. For tests that are
/// [`Test::last`].
#[allow(dead_code, reason = "part of each such test binary, and few have a test like this")]
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    PROCESSORS.write().unwrap_or_else(PoisonError::into_inner)
}

#[allow(dead_code, reason = "part of each such test binary, and few have a test like this")]
impl Test {
    /// It only waits, and longer than all others take together.
    pub(crate) fn first(self) -> Self {
        Self { place: Place::First, ..self }
    }

    /// Takes all processors for a while, in which it holds [`alone`].
    pub(crate) fn last(self) -> Self {
        Self { place: Place::Last, ..self }
    }

    /// It runs only where it is asked for, by `--ignored` or `--include-ignored`.
    pub(crate) fn asked_for(self, why: &'static str) -> Self {
        Self { on_request: Some(why), ..self }
    }

    /// It measures something of its process that other tests would change.
    pub(crate) fn in_own_process(self) -> Self {
        Self { in_own_process: true, ..self }
    }
}

/// A test that is run where its needs are met.
pub(crate) fn test<F: FnOnce() + Send + 'static>(run: F, needs: &'static [Need]) -> Test {
    named(type_name::<F>(), Box::new(run), needs)
}

/// The same for an asynchronous function, in a runtime with two threads.
#[allow(dead_code, reason = "part of each such test binary, and some have no such test")]
pub(crate) fn async_test<F, T>(run: F, needs: &'static [Need]) -> Test
where
    F: FnOnce() -> T + Send + 'static,
    T: Future<Output = ()>,
{
    let block = || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime starts").block_on(run());
    };
    named(type_name::<F>(), Box::new(block), needs)
}

/// `path` is that of the function, which its type has as a name: `binary::module::function`.
fn named(path: &'static str, run: Box<dyn FnOnce() + Send>, needs: &'static [Need]) -> Test {
    let name = path.split_once("::").map_or("", |(_, name)| name);
    Test { name, run, needs, on_request: None, place: Place::Beside, in_own_process: false }
}

/// The equivalent of `#[ignore = "why"]`: run with `--ignored` or `--include-ignored` only.
#[allow(dead_code, reason = "part of each such test binary, and few have a test like this")]
pub(crate) fn on_request<F: FnOnce() + Send + 'static>(run: F, why: &'static str) -> Test {
    Test { on_request: Some(why), ..test(run, &[]) }
}

/// How many tests run at once, unless `--test-threads` says otherwise: most wait for a kernel, a program or a timer, so
/// they need far less than a processor each.
const AT_ONCE: usize = 6;

/// How long each test took. A table of the slowest follows the results, since stable Rust's harness prints no times.
static TIMES: Mutex<Vec<(&str, Duration)>> = Mutex::new(Vec::new());

/// Runs the tests that the command line selects, as Rust's own harness would.
pub(crate) fn run<const N: usize>(modules: [Vec<Test>; N]) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let promised = Need::promised(&std::env::var("SOCKLAB_REQUIRE").unwrap_or_default());
    let mut tests: Vec<Test> = modules.into_iter().flatten().collect();
    tests.sort_by_key(|test| test.place);
    let trials = tests.into_iter().map(|test| trial(test, &arguments, &promised)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    print_slowest();
    conclusion.exit_code()
}

fn print_slowest() {
    const SHOWN: usize = 8;
    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
    times.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    for (name, took) in times.iter().take(SHOWN).filter(|(_, took)| took.as_secs() >= 1) {
        println!("{:8.1} s  {name}", took.as_secs_f64());
    }
}

fn trial(test: Test, arguments: &Arguments, promised: &[String]) -> Trial {
    let Test { name, run, needs, on_request, place, in_own_process } = test;
    let asked_for = arguments.ignored || arguments.include_ignored;
    let promised = needs.iter().any(|need| promised.iter().any(|word| *word == need.word()) && need.lack().is_some());
    // A runner that lists the tests and runs each by itself (cargo-nextest) learns from the list what is ignored.
    let known = arguments.list || asked_for;
    let ignored = known && (on_request.is_some() || !promised && lack(needs).is_some());
    let runner = move || match (lack(needs), on_request) {
        (None, Some(why)) if !asked_for => Ok(Completion::ignored_with(why)),
        (None, _) => {
            let _beside = (place == Place::Beside).then(|| PROCESSORS.read().unwrap_or_else(PoisonError::into_inner));
            let begun = Instant::now();
            if in_own_process && std::env::var_os(OWN_PROCESS).is_none() {
                run_in_own_process(name);
            } else {
                run();
            }
            TIMES.lock().unwrap_or_else(PoisonError::into_inner).push((name, begun.elapsed()));
            Ok(Completion::Completed)
        }
        (Some(lack), _) if promised || asked_for => Err(format!("missing: {lack}").into()),
        (Some(lack), _) => Ok(Completion::ignored_with(lack)),
    };
    Trial::ignorable_test(name, runner).with_ignored_flag(ignored)
}

/// Set in a process that runs one test only.
const OWN_PROCESS: &str = "SOCKLAB_OWN_PROCESS";

fn run_in_own_process(name: &str) {
    let mut command = Command::new(std::env::current_exe().expect("this binary has a path"));
    let run = command.args(["--exact", "--include-ignored", name]).env(OWN_PROCESS, "1").output().expect("it starts");
    let said = [run.stdout, run.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(run.status.success(), "{said}");
}

/// The needs that are not met, and why.
fn lack(needs: &[Need]) -> Option<String> {
    let lacks: Vec<String> = needs.iter().filter_map(|need| need.lack()).collect();
    (!lacks.is_empty()).then(|| lacks.join(", "))
}
