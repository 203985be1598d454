//! What needs more than one process, a machine that is short of something, or a whole project.

#[cfg(test)]
mod child;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod scaffold_demo;
#[cfg(test)]
mod scaffold_detect;
#[cfg(test)]
mod scaffold_init;
#[cfg(test)]
mod scaffold_projects;
#[cfg(test)]
mod scaffold_template;
#[cfg(test)]
mod scaffold_upgrade;
