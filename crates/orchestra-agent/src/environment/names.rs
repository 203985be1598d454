//! The lists of names themselves.

/// What every agent's program may see: search paths, homes of tools, locale, proxies, certificates.
const USUAL: &[&str] = &[
    // The person and the system.
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    // Proxies and certificates.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NIX_SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    // C and linking.
    "CC",
    "CXX",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "SDKROOT",
    "MACOSX_DEPLOYMENT_TARGET",
    // Rust.
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTC_WRAPPER",
    // Go.
    "GOPATH",
    "GOROOT",
    "GOBIN",
    "GOCACHE",
    "GOMODCACHE",
    "GOPROXY",
    "GOTOOLCHAIN",
    // JavaScript.
    "NVM_DIR",
    "NVM_BIN",
    "NODE_PATH",
    "PNPM_HOME",
    "YARN_CACHE_FOLDER",
    "VOLTA_HOME",
    "FNM_DIR",
    "FNM_MULTISHELL_PATH",
    "npm_config_cache",
    "npm_config_prefix",
    "BUN_INSTALL",
    "DENO_DIR",
    "DENO_INSTALL",
    "COREPACK_HOME",
    // Python.
    "PYENV_ROOT",
    "PYENV_VERSION",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CONDA_EXE",
    "UV_CACHE_DIR",
    "PIP_CACHE_DIR",
    "PIPX_HOME",
    "POETRY_HOME",
    "POETRY_CACHE_DIR",
    "PYTHONPATH",
    // Ruby and PHP.
    "RBENV_ROOT",
    "RBENV_VERSION",
    "GEM_HOME",
    "GEM_PATH",
    "BUNDLE_PATH",
    "BUNDLE_GEMFILE",
    "COMPOSER_HOME",
    // Java and its relatives.
    "JAVA_HOME",
    "GRADLE_USER_HOME",
    "MAVEN_HOME",
    "M2_HOME",
    "SDKMAN_DIR",
    "ANDROID_HOME",
    "ANDROID_SDK_ROOT",
    "KOTLIN_HOME",
    // Others.
    "DOTNET_ROOT",
    "NUGET_PACKAGES",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "HOMEBREW_PREFIX",
    "HOMEBREW_CELLAR",
    "NIX_PATH",
    "NIX_PROFILES",
    "MIX_HOME",
    "HEX_HOME",
    "STACK_ROOT",
    "CABAL_DIR",
    "OPAMROOT",
    "ZIG_GLOBAL_CACHE_DIR",
    "PUB_CACHE",
    "FLUTTER_ROOT",
];

/// Keys and tokens with which a model is paid for.
const PROVIDER_SECRETS: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "AWS_BEARER_TOKEN_BEDROCK",
    "OPENAI_API_KEY",
    "CODEX_API_KEY",
    "CODEX_ACCESS_TOKEN",
    "AZURE_OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "MISTRAL_API_KEY",
    "GROQ_API_KEY",
    "XAI_API_KEY",
    "DEEPSEEK_API_KEY",
    "OPENROUTER_API_KEY",
    "TOGETHER_API_KEY",
    "FIREWORKS_API_KEY",
    "PERPLEXITY_API_KEY",
    "COHERE_API_KEY",
    "CEREBRAS_API_KEY",
    "MOONSHOT_API_KEY",
    "DASHSCOPE_API_KEY",
    "ZAI_API_KEY",
    "MINIMAX_API_KEY",
    "REPLICATE_API_TOKEN",
    "OLLAMA_API_KEY",
    "LITELLM_API_KEY",
    "GITHUB_COPILOT_TOKEN",
];

pub(super) fn is_usual(name: &str) -> bool {
    USUAL.contains(&name) || name.starts_with("LC_")
}

pub(super) fn is_provider_secret(name: &str) -> bool {
    PROVIDER_SECRETS.contains(&name)
}

/// What Claude Code reads (its own page of settings, and what its real runs were seen to use).
pub(super) fn is_for_claude(name: &str) -> bool {
    name.starts_with("ANTHROPIC_")
        || name.starts_with("CLAUDE_CODE_")
        || matches!(
            name,
            "CLAUDE_CONFIG_DIR"
                | "API_TIMEOUT_MS"
                | "BASH_DEFAULT_TIMEOUT_MS"
                | "BASH_MAX_TIMEOUT_MS"
                | "DISABLE_TELEMETRY"
                | "DISABLE_ERROR_REPORTING"
                | "IS_SANDBOX"
                | "MAX_THINKING_TOKENS"
        )
}

/// What Codex reads.
pub(super) fn is_for_codex(name: &str) -> bool {
    matches!(
        name,
        "CODEX_HOME"
            | "CODEX_API_KEY"
            | "CODEX_ACCESS_TOKEN"
            | "OPENAI_API_KEY"
            | "OPENAI_BASE_URL"
            | "OPENAI_ORGANIZATION"
            | "OPENAI_PROJECT"
    )
}

pub(super) fn is_for_aws(name: &str) -> bool {
    name.starts_with("AWS_")
}

pub(super) fn is_for_google(name: &str) -> bool {
    name == "CLOUD_ML_REGION"
        || name.starts_with("GOOGLE_")
        || name.starts_with("GCLOUD_")
        || name.starts_with("VERTEX_")
}

/// Tells whether a variable's value should never be shown, by its name.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    is_provider_secret(&name)
        || ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"]
            .iter()
            .any(|word| name.contains(word))
}
