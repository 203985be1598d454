//! What is detected in the layouts that people have.

use std::fmt::Write as _;
use std::path::Path;

use insta::assert_snapshot;
use orchestra_core::config::VerifyPlan;
use orchestra_project::detect::{Detection, detect};

use crate::scaffold_projects::project;

const PLACEHOLDER: &str = r#""test": "echo \"Error: no test specified\" && exit 1""#;

fn detected(files: &[(&str, &str)]) -> String {
    show(&detect(project(files).path()).unwrap())
}

fn show(found: &Detection) -> String {
    let mut text = format!("{}\n", found.kind);
    for (name, list) in [
        ("backend", &found.backend),
        ("frontend", &found.frontend),
        ("architect", &found.architect),
        ("manifests", &found.manifests),
        ("lock files", &found.lock_files),
    ] {
        if !list.is_empty() {
            writeln!(text, "{name}: {}", list.join(" ")).unwrap();
        }
    }
    match &found.verify {
        VerifyPlan::Always(commands) if commands.is_empty() => {}
        VerifyPlan::Always(commands) => writeln!(text, "verify: {}", commands.join("; ")).unwrap(),
        VerifyPlan::ByPath(map) => {
            for (glob, commands) in map {
                writeln!(text, "verify {glob}: {}", commands.join("; ")).unwrap();
            }
        }
    }
    for note in &found.notes {
        writeln!(text, "- {note}").unwrap();
    }
    text
}

#[test]
fn a_next_app_is_written_by_both_roles_and_says_so() {
    assert_snapshot!(detected(&[
        ("package.json", r#"{"dependencies":{"next":"16","react":"19"},"scripts":{"test":"vitest run"}}"#),
        ("package-lock.json", "{}"),
        ("next.config.ts", ""),
        ("tsconfig.json", "{}"),
        ("app/page.tsx", ""),
        ("app/api/cart/route.ts", ""),
        ("hooks/use-cart.ts", ""),
        ("node_modules/react/package.json", "{}"),
        (".github/workflows/ci.yml", ""),
        ("docs/a.ts", ""),
    ]), @"
    Next.js app
    backend: src/** tests/** *.{js,cjs,mjs,ts,tsx} tsconfig*.json public/** index.html app/** components/** lib/** pages/** styles/** hooks/** package-lock.json package.json
    frontend: src/** tests/** *.{js,cjs,mjs,ts,tsx} tsconfig*.json public/** index.html app/** components/** lib/** pages/** styles/** hooks/** package-lock.json package.json
    manifests: package.json
    lock files: package-lock.json
    verify: npm test
    - Next.js keeps pages and server code in one tree here, so both roles may write the sources; a phase's `files` says which of them.
    ");
}

#[test]
fn vite_beside_express_is_divided_by_folder() {
    assert_snapshot!(detected(&[
        ("client/package.json", r#"{"dependencies":{"react":"19"},"devDependencies":{"vite":"8"},"scripts":{"test":"vitest"}}"#),
        ("client/index.html", ""),
        ("server/package.json", &format!(r#"{{"dependencies":{{"express":"5"}},"scripts":{{{PLACEHOLDER}}}}}"#)),
        ("server/index.js", ""),
    ]), @"
    Vite + React in client, Express in server
    backend: server/**
    frontend: client/**
    manifests: client/package.json server/package.json
    verify: npm --prefix client test
    ");
}

#[test]
fn vite_and_express_in_one_package_are_divided_by_the_server_s_folder() {
    assert_snapshot!(detected(&[
        ("package.json", r#"{"dependencies":{"vue":"3","express":"5"},"devDependencies":{"vite":"8"},"scripts":{"test":"vitest --watch","typecheck":"vue-tsc"}}"#),
        ("yarn.lock", ""),
        ("index.html", ""),
        ("src/main.ts", ""),
        ("server/index.js", ""),
    ]), @"
    Vite + Vue with Express
    backend: server/** tests/** package.json yarn.lock
    frontend: src/** tests/** *.{js,cjs,mjs,ts,tsx} tsconfig*.json public/** index.html package.json yarn.lock
    manifests: package.json
    lock files: yarn.lock
    verify: yarn run typecheck
    - The script `test` of `package.json` watches for changes, so it is not used to verify.
    ");
}

#[test]
fn in_rails_the_views_are_the_front_end() {
    assert_snapshot!(detected(&[
        ("Gemfile", "gem \"rails\"\ngem \"rspec-rails\"\n"),
        ("Gemfile.lock", ""),
        ("config/application.rb", ""),
        ("bin/rails", ""),
        ("app/models/cart.rb", ""),
        ("app/views/carts/show.html.erb", ""),
        ("test/models/cart_test.rb", ""),
        ("package.json", r#"{"dependencies":{"esbuild":"1"},"scripts":{"build":"esbuild"}}"#),
        ("yarn.lock", ""),
    ]), @"
    Rails application
    backend: app/** config/** db/** lib/** test/** spec/** Rakefile !app/views/** !app/assets/** !app/javascript/** Gemfile Gemfile.lock package.json yarn.lock
    frontend: app/views/** app/assets/** app/javascript/** public/** test/system/** spec/system/** package.json yarn.lock
    manifests: Gemfile package.json
    lock files: Gemfile.lock yarn.lock
    verify: bin/rails test
    ");
}

#[test]
fn django_with_react_is_divided_by_folder() {
    assert_snapshot!(detected(&[
        ("backend/manage.py", ""),
        ("backend/requirements.txt", "Django==6.0\n"),
        ("backend/shop/models.py", ""),
        ("frontend/package.json", r#"{"dependencies":{"react":"19"},"devDependencies":{"vite":"8"},"scripts":{"test":"vitest run"}}"#),
        ("frontend/pnpm-lock.yaml", ""),
        ("frontend/src/App.tsx", ""),
    ]), @"
    Django project in backend, Vite + React in frontend
    backend: backend/**
    frontend: frontend/**
    manifests: backend/requirements.txt frontend/package.json
    lock files: frontend/pnpm-lock.yaml
    verify: cd backend && python manage.py test; pnpm -C frontend test
    ");
}

#[test]
fn django_alone_gives_its_templates_to_the_front_end() {
    assert_snapshot!(detected(&[
        ("manage.py", ""),
        ("pyproject.toml", "[project]\ndependencies = [\"django\"]\n[tool.pytest.ini_options]\n"),
        ("uv.lock", ""),
        ("shop/models.py", ""),
        ("shop/templates/shop/cart.html", ""),
    ]), @"
    Django project
    backend: *.py src/** tests/** shop/** !templates/** !static/** !*/templates/** !*/static/** pyproject.toml uv.lock
    frontend: templates/** static/** */templates/** */static/**
    manifests: pyproject.toml
    lock files: uv.lock
    verify: uv run pytest -q
    ");
}

#[test]
fn in_laravel_the_resources_are_the_front_end() {
    assert_snapshot!(detected(&[
        ("artisan", ""),
        ("composer.json", "{}"),
        ("composer.lock", "{}"),
        ("app/Models/Cart.php", ""),
        ("resources/views/cart.blade.php", ""),
        ("tests/Feature/CartTest.php", ""),
        ("vendor/laravel/composer.json", "{}"),
        ("package.json", r#"{"devDependencies":{"vite":"8"},"scripts":{"build":"vite build"}}"#),
        ("vite.config.js", ""),
    ]), @"
    Laravel application
    backend: app/** bootstrap/** config/** database/** lang/** routes/** tests/** composer.json composer.lock package.json
    frontend: resources/** public/** *.config.{js,ts} tests/Browser/** package.json
    manifests: composer.json package.json
    lock files: composer.lock
    verify: php artisan test
    ");
}

#[test]
fn a_pnpm_monorepo_is_verified_by_the_packages_that_changed() {
    assert_snapshot!(detected(&[
        ("package.json", r#"{"private":true,"packageManager":"pnpm@10.0.0"}"#),
        ("pnpm-workspace.yaml", "packages:\n  - 'apps/*'\n  - packages/*\n  - '!packages/old'\n"),
        ("pnpm-lock.yaml", ""),
        ("apps/web/package.json", r#"{"name":"web","dependencies":{"next":"16"},"scripts":{"test":"vitest run"}}"#),
        ("apps/api/package.json", r#"{"name":"@shop/api","dependencies":{"fastify":"5"},"scripts":{"test":"vitest run"}}"#),
        ("packages/ui/package.json", r#"{"name":"@shop/ui","peerDependencies":{"react":"19"}}"#),
        ("packages/money/package.json", r#"{"name":"@shop/money","scripts":{"test":"vitest run"}}"#),
        ("packages/old/package.json", r#"{"name":"@shop/old","scripts":{"test":"jest"}}"#),
    ]), @"
    pnpm monorepo: Fastify in apps/api, Next.js app in apps/web, pnpm package in packages/money, npm package in packages/old, React in packages/ui
    backend: apps/api/** packages/money/** packages/old/** package.json pnpm-lock.yaml pnpm-workspace.yaml
    frontend: apps/web/** packages/money/** packages/old/** packages/ui/** package.json pnpm-lock.yaml pnpm-workspace.yaml
    manifests: apps/api/package.json apps/web/package.json package.json packages/money/package.json packages/old/package.json packages/ui/package.json pnpm-workspace.yaml
    lock files: pnpm-lock.yaml
    verify apps/api/**: pnpm --filter @shop/api test
    verify apps/web/**: pnpm --filter web test
    verify packages/money/**: pnpm --filter ...@shop/money test
    verify packages/old/**: npm --prefix packages/old test
    verify {package.json,pnpm-lock.yaml,pnpm-workspace.yaml}: pnpm -r test
    - Front end and back end cannot be told apart in `packages/money`, `packages/old`, so both roles may write the sources; a phase's `files` says which of them.
    ");
}

#[test]
fn a_cargo_workspace_is_one_part_with_all_its_folders() {
    assert_snapshot!(detected(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n[workspace.dependencies]\nleptos = \"1\"\n"),
        ("Cargo.lock", ""),
        ("crates/core/Cargo.toml", "[package]\nname = \"core\"\n"),
        ("crates/core/src/lib.rs", ""),
        ("crates/site/Cargo.toml", "[package]\nname = \"site\"\n[dependencies]\nleptos.workspace = true\n"),
        ("crates/site/src/lib.rs", ""),
        ("xtask/src/main.rs", ""),
        ("target/debug/build.rs", ""),
    ]), @"
    Cargo workspace, Leptos crate in crates/site
    backend: src/** tests/** benches/** examples/** migrations/** build.rs crates/** xtask/** Cargo.lock Cargo.toml !crates/site/**
    frontend: crates/site/** Cargo.lock Cargo.toml
    manifests: Cargo.toml crates/core/Cargo.toml crates/site/Cargo.toml
    lock files: Cargo.lock
    verify: cargo test -q --workspace
    ");
}

#[test]
fn go_with_a_web_folder_is_divided_by_it() {
    assert_snapshot!(detected(&[
        ("go.mod", "module example.com/shop\n"),
        ("go.sum", ""),
        ("main.go", "package main\n"),
        ("storage/cart.go", ""),
        ("web/package.json", r#"{"devDependencies":{"svelte":"5","vite":"8"},"scripts":{"test":"vitest run"}}"#),
        ("web/src/App.svelte", ""),
    ]), @"
    Go module, Vite + Svelte in web
    backend: *.go cmd/** internal/** pkg/** migrations/** storage/** go.mod go.sum
    frontend: web/**
    manifests: go.mod web/package.json
    lock files: go.sum
    verify: go test ./...; npm --prefix web test
    ");
}

#[test]
fn a_plain_crate_with_a_folder_of_pages_is_divided_by_it() {
    assert_snapshot!(detected(&[
        ("Cargo.toml", "[package]\nname = \"shop-api\"\n[workspace]\n"),
        ("src/lib.rs", ""),
        ("frontend/index.html", ""),
        ("frontend/shop.js", ""),
        ("examples/other/package.json", "{}"),
    ]), @"
    Rust crate, plain pages in frontend
    backend: src/** tests/** benches/** examples/** migrations/** build.rs Cargo.toml
    frontend: frontend/**
    manifests: Cargo.toml examples/other/package.json
    verify: cargo test -q
    ");
}

#[test]
fn plain_python_has_no_front_end_yet() {
    assert_snapshot!(detected(&[
        ("setup.py", ""),
        ("shop/cart.py", ""),
        ("tests/test_cart.py", ""),
        ("web/handlers.py", ""),
    ]), @"
    Python project
    backend: *.py src/** tests/** shop/** web/** setup.py
    frontend: frontend/**
    manifests: setup.py
    verify: python -m unittest -q
    - No front end was found. One that begins in `frontend/` belongs to the front end's role.
    ");
}

#[test]
fn a_rails_api_beside_a_react_app_owns_its_views() {
    assert_snapshot!(detected(&[
        ("api/Gemfile", "gem \"rails\"\ngem \"rspec-rails\"\n"),
        ("api/config/application.rb", ""),
        ("api/spec/models/cart_spec.rb", ""),
        ("app/package.json", r#"{"dependencies":{"react":"19"},"scripts":{"test":"jest"}}"#),
        ("app/bun.lock", ""),
        ("services/mail/go.mod", "module x\n"),
        ("services/mail/frontend/package.json", r#"{"dependencies":{"vue":"3"}}"#),
    ]), @"
    Rails application in api, React in app, Go module in services/mail, Vue in services/mail/frontend
    backend: api/** services/mail/** !services/mail/frontend/**
    frontend: app/** services/mail/frontend/**
    manifests: api/Gemfile app/package.json services/mail/frontend/package.json services/mail/go.mod
    lock files: app/bun.lock
    verify: cd api && bundle exec rspec; bun --cwd app run test; go -C services/mail test ./...
    ");
}

#[test]
fn yarn_workspaces_are_verified_one_by_one() {
    assert_snapshot!(detected(&[
        ("package.json", r#"{"workspaces":{"packages":["apps/*","libs/*"]},"packageManager":"yarn@4.5.0"}"#),
        ("apps/site/package.json", r#"{"name":"site","dependencies":{"astro":"6"},"scripts":{"test":"vitest run"}}"#),
        ("libs/money/package.json", r#"{"name":"money","scripts":{"test":"vitest run"}}"#),
        ("tools/Cargo.toml", "[package]\nname = \"tools\"\n"),
    ]), @"
    yarn monorepo: Astro in apps/site, yarn package in libs/money, Rust crate in tools
    backend: libs/money/** tools/** package.json
    frontend: apps/site/** libs/money/** package.json
    manifests: apps/site/package.json libs/money/package.json package.json tools/Cargo.toml
    verify apps/site/**: yarn workspace site test
    verify libs/money/**: yarn workspace site test; yarn workspace money test
    verify tools/**: cargo test -q --manifest-path tools/Cargo.toml
    verify {package.json,yarn.lock}: yarn workspace site test; yarn workspace money test
    - Front end and back end cannot be told apart in `libs/money`, so both roles may write the sources; a phase's `files` says which of them.
    ");
}

#[test]
fn a_plain_npm_package_without_tests_runs_none() {
    assert_snapshot!(detected(&[
        ("package.json", &format!(r#"{{"name":"money","scripts":{{{PLACEHOLDER}}}}}"#)),
        ("lib/index.js", ""),
    ]), @"
    npm package
    backend: src/** tests/** *.{js,cjs,mjs,ts,tsx} tsconfig*.json lib/** package.json
    frontend: src/** tests/** *.{js,cjs,mjs,ts,tsx} tsconfig*.json lib/** package.json
    manifests: package.json
    - Front end and back end cannot be told apart here, so both roles may write the sources; a phase's `files` says which of them.
    - No tests were found, so nothing is run before a commit. Set `verify` in `.orchestra/config.yaml`.
    ");
}

#[test]
fn an_empty_project_and_an_unknown_one_say_so() {
    assert_snapshot!(detected(&[("README.md", "# Shop\n"), ("LICENSE", "")]), @"
    empty project
    backend: src/** tests/** Cargo.toml package.json pyproject.toml go.mod Gemfile composer.json
    frontend: src/** tests/** Cargo.toml package.json pyproject.toml go.mod Gemfile composer.json
    architect: .gitignore .editorconfig README.md
    - Nothing is here yet, so both roles may write the usual places. When the project has a shape, edit `writes` in `.orchestra/roles/`.
    - No tests were found, so nothing is run before a commit. Set `verify` in `.orchestra/config.yaml`.
    ");
    assert_snapshot!(detected(&[("Main.hs", ""), ("lib/Cart.hs", ""), ("docs/x.md", "")]), @"
    project of an unknown kind
    backend: src/** tests/** lib/** *.hs
    frontend: src/** tests/** lib/** *.hs
    - What kind of project this is could not be told, so both roles may write all its folders. Edit `writes` in `.orchestra/roles/`.
    - No tests were found, so nothing is run before a commit. Set `verify` in `.orchestra/config.yaml`.
    ");
}

#[test]
fn a_name_that_a_shell_would_read_as_more_never_gets_into_a_command() {
    let found = detected(&[
        ("package.json", r#"{"workspaces":["packages/*"],"private":true}"#),
        ("pnpm-lock.yaml", ""),
        ("packages/a/package.json", r#"{"name":"a; touch /tmp/x","scripts":{"test":"x"}}"#),
        ("packages/$(id)/package.json", r#"{"name":"b","scripts":{"test":"x"}}"#),
    ]);
    assert!(
        !found.contains("touch") && !found.contains("cd $") && !found.contains("-C packages/$"),
        "{found}"
    );
    assert_snapshot!(found, @"
    pnpm monorepo: pnpm package in packages/a
    backend: packages/a/** package.json pnpm-lock.yaml
    frontend: packages/a/** package.json pnpm-lock.yaml
    manifests: package.json packages/$(id)/package.json packages/a/package.json
    lock files: pnpm-lock.yaml
    verify packages/a/**: pnpm -r test
    verify {package.json,pnpm-lock.yaml,pnpm-workspace.yaml}: pnpm -r test
    - `packages/$(id)` was left out: its name is not a plain one.
    - Front end and back end cannot be told apart in `packages/a`, so both roles may write the sources; a phase's `files` says which of them.
    ");
}

#[test]
fn a_broken_or_huge_manifest_is_a_note_and_stops_nothing() {
    let huge = format!("{{\"x\":\"{}\"}}", "y".repeat(2 * 1024 * 1024));
    assert_snapshot!(detected(&[
        ("package.json", "{ not json"),
        ("web/package.json", &huge),
        ("pnpm-workspace.yaml", "packages: &a [*a, {"),
        ("go.mod", "module x\n"),
    ]), @"
    Go module
    backend: *.go cmd/** internal/** pkg/** migrations/** go.mod package.json pnpm-workspace.yaml
    frontend: frontend/**
    manifests: go.mod package.json pnpm-workspace.yaml web/package.json
    verify: go test ./...
    - `pnpm-workspace.yaml` could not be read: error: line 1 column 15: recursive references require weak recursion types.
    - `package.json` is not JSON that could be read.
    - `web/package.json` is not JSON that could be read.
    - No front end was found. One that begins in `frontend/` belongs to the front end's role.
    ");
}

#[test]
fn what_is_said_of_a_project_cannot_move_the_cursor_and_is_not_endless() {
    let broken: Vec<(String, &str)> =
        (0..30).map(|number| (format!("p{number}\u{1b}[2J/package.json"), "{")).collect();
    let broken: Vec<(&str, &str)> = broken.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let notes = detect(project(&broken).path()).unwrap().notes;
    assert_eq!(notes.len(), 21, "{notes:?}");
    assert!(notes.iter().all(|note| !note.contains('\u{1b}')), "{notes:?}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_project_is_not_followed() {
    let outside = project(&[("package.json", r#"{"dependencies":{"react":"19"}}"#)]);
    let inside = project(&[("go.mod", "module x\n")]);
    std::os::unix::fs::symlink(outside.path(), inside.path().join("web")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("package.json"), inside.path().join("package.json"))
        .unwrap();
    assert_eq!(detect(inside.path()).unwrap().manifests, ["go.mod"]);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_with_its_path() {
    let error = detect(Path::new("does/not/exist")).unwrap_err();
    assert_eq!(error.to_string(), "could not list `does/not/exist`");
}
