//! The crate's one integration test binary.

#[cfg(test)]
mod scaffold_projects;

#[cfg(test)]
mod scaffold_demo;
#[cfg(test)]
mod scaffold_detect;
#[cfg(test)]
mod scaffold_init;
#[cfg(test)]
mod scaffold_template;
#[cfg(test)]
mod scaffold_upgrade;
