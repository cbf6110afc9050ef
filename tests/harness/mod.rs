//! Runs a list of tests, each with what it needs: where the machine lacks that, the test is reported as ignored, with the
//! reason; where `SOCKLAB_REQUIRE` promises it, as failed. Rust's own harness has to know while it compiles what to ignore.

mod need;

use std::any::type_name;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

pub(crate) use need::Need;

/// A test: an ordinary function that panics when it fails, named `module::function`, and what it needs.
pub(crate) struct Test {
    name: &'static str,
    run: Box<dyn FnOnce() + Send>,
    needs: &'static [Need],
    on_request: Option<&'static str>,
}

/// A test that is run where everything that it needs is there.
pub(crate) fn test<F: FnOnce() + Send + 'static>(run: F, needs: &'static [Need]) -> Test {
    // A function's type is its path: `binary::module::function`.
    let name = type_name::<F>().split_once("::").map_or("", |(_, name)| name);
    Test { name, run: Box::new(run), needs, on_request: None }
}

/// What `#[ignore = "why"]` is elsewhere: run with `--ignored` or `--include-ignored` only.
#[allow(dead_code, reason = "part of each such test binary, and few have a test like this")]
pub(crate) fn on_request<F: FnOnce() + Send + 'static>(run: F, why: &'static str) -> Test {
    Test { on_request: Some(why), ..test(run, &[]) }
}

/// Runs what the command line asks for, as Rust's own harness would.
pub(crate) fn run<const N: usize>(modules: [Vec<Test>; N]) -> ExitCode {
    let arguments = Arguments::from_args();
    let promised = Need::promised(&std::env::var("SOCKLAB_REQUIRE").unwrap_or_default());
    let trials = modules.into_iter().flatten().map(|test| trial(test, &arguments, &promised)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(test: Test, arguments: &Arguments, promised: &[Need]) -> Trial {
    let Test { name, run, needs, on_request } = test;
    let asked_for = arguments.ignored || arguments.include_ignored;
    let promised = needs.iter().any(|need| promised.contains(need) && need.lack().is_some());
    // Who lists the tests and runs them one by one (cargo-nextest) knows from the list alone what is ignored.
    let known = arguments.list || asked_for;
    let ignored = known && (on_request.is_some() || !promised && lack(needs).is_some());
    let runner = move || match (lack(needs), on_request) {
        (None, Some(why)) if !asked_for => Ok(Completion::ignored_with(why)),
        (None, _) => {
            run();
            Ok(Completion::Completed)
        }
        (Some(lack), _) if promised || asked_for => Err(format!("missing: {lack}").into()),
        (Some(lack), _) => Ok(Completion::ignored_with(lack)),
    };
    Trial::ignorable_test(name, runner).with_ignored_flag(ignored)
}

/// All that is missing of `needs`, and why.
fn lack(needs: &[Need]) -> Option<String> {
    let lacks: Vec<String> = needs.iter().filter_map(|need| need.lack()).collect();
    (!lacks.is_empty()).then(|| lacks.join(", "))
}
