//! `orchestra completions` and `orchestra man`: made from the command line's own definition.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::context::Context;
use crate::failure::{Exit, Failure};

pub(super) fn run(context: &Context, shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "orchestra", &mut script);
    context.out.bytes(&script);
    Exit::DONE
}

pub(super) fn man(context: &Context) -> Result<Exit, Failure> {
    context.out.bytes(&page().map_err(Failure::Output)?);
    Ok(Exit::DONE)
}

/// One page: the program, then a part for each command.
fn page() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // Gives each command its full name.
    let mut main = Cli::command();
    main.build();
    clap_mangen::Man::new(main.clone()).render(&mut page)?;
    for command in main.get_subcommands() {
        page.extend(format!(".SH ORCHESTRA {}\n", command.get_name().to_uppercase()).bytes());
        let part = clap_mangen::Man::new(command.clone());
        part.render_synopsis_section(&mut page)?;
        part.render_description_section(&mut page)?;
        part.render_options_section(&mut page)?;
        part.render_extra_section(&mut page)?;
    }
    Ok(page)
}
