use serde_json::json;

use super::*;

const BESIDE: Beside<'static> = Beside { last_text: "", is_nameless: false, logins: "log in: x" };

fn failure(code: i64, message: &str, data: Value) -> Failure {
    Failure { code, message: message.to_owned(), data }
}

/// The kind of a fault, in one word.
fn kind(fault: &Fault) -> &'static str {
    match fault {
        Fault::Transient { .. } => "transient",
        Fault::UsageLimit { .. } => "limit",
        Fault::Unusable { .. } => "unusable",
        Fault::Failed { .. } => "failed",
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_error_that_agents_send_means_what_it_says() {
    let inner = json!({ "message": "exceeded retry limit, last status: 429 Too Many Requests",
        "codex_error_info": { "response_too_many_failed_attempts": { "http_status_code": 429 } } });
    for (failure, expected) in [
        (failure(-32000, "Authentication required", Value::Null), "unusable"),
        (failure(401, "invalid x-api-key", Value::Null), "unusable"),
        (failure(-32603, "rejected (429)", json!({ "errorKind": "rate_limit" })), "transient"),
        (failure(-32603, "API Error: 529 Overloaded", json!({ "errorKind": "server_error" })), "transient"),
        (failure(-32603, "Internal error", inner), "transient"),
        (failure(429, "x", Value::Null), "transient"),
        (failure(503, "x", Value::Null), "transient"),
        (failure(400, "{\"error\":\"rate limit\"}", Value::Null), "failed"),
        (failure(-32603, "API Error: 400 overloaded", json!({ "errorKind": "unknown" })), "failed"),
        (
            failure(
                -32603,
                "Internal error: Rate limit reached for requests",
                json!({ "errorName": "APIError" }),
            ),
            "transient",
        ),
        (failure(-32603, "Internal error: Overloaded", Value::Null), "transient"),
        (failure(-32603, "Internal error: invalid x-api-key", Value::Null), "unusable"),
        (failure(-32603, "unexpected status 401 Unauthorized", Value::Null), "unusable"),
        (failure(-32602, "Invalid params", Value::Null), "failed"),
        (failure(-32603, "You have hit your usage limit", json!({ "errorKind": "rate_limit" })), "limit"),
    ] {
        let fault = of_failure(&failure, "log in: x");
        assert_eq!(kind(&fault), expected, "{failure:?}");
        if let Fault::Unusable { hint, .. } = fault {
            assert_eq!(hint, "log in: x");
        }
    }
}

#[test]
fn an_end_that_is_none_is_a_failure() {
    let air = |category: &str, severity: &str, actions: Value| {
        let failure = json!({ "category": category, "severity": severity, "title": "exceeded retry limit", "actions": actions });
        json!({ "stopReason": "end_turn", "_meta": { "jetbrains": { "air": { "sessionFailure": failure } } } })
    };
    let codex =
        json!({ "stopReason": "end_turn", "usage": null, "_meta": { "quota": { "token_count": null } } });
    let said = |last_text| Beside { last_text, is_nameless: true, ..BESIDE };
    let cut = json!({ "stopReason": "end_turn", "_meta": { "quota": { "token_count": { "input_tokens": 0, "output_tokens": 0 } } } });
    for (result, beside, expected) in [
        (air("limit", "error", json!(["retry"])), BESIDE, "transient"),
        (air("service", "error", json!(["retry"])), BESIDE, "transient"),
        (air("limit", "error", json!([])), BESIDE, "limit"),
        (air("request", "error", json!([])), BESIDE, "failed"),
        (codex.clone(), said("exceeded retry limit, last status: 429 Too Many Requests"), "transient"),
        (codex.clone(), said("We’re currently experiencing high demand"), "transient"),
        (codex.clone(), said("stream disconnected before completion: x"), "transient"),
        (codex.clone(), said("{\"error\": {\"message\": \"The request is not valid\"}}"), "failed"),
        (cut.clone(), said("Half an ans"), "transient"),
        (json!({ "stopReason": "max_tokens" }), BESIDE, "failed"),
        (json!({ "stopReason": "refusal" }), BESIDE, "failed"),
        (json!({ "stopReason": "max_turn_requests" }), BESIDE, "failed"),
        (json!({ "stopReason": "whim" }), BESIDE, "failed"),
        (json!({}), BESIDE, "failed"),
    ] {
        let Ended::Failed(fault) = of_result(&result, beside) else { panic!("{result}") };
        assert_eq!(kind(&fault), expected, "{result}");
    }
    let warned = air("limit", "warning", json!([]));
    for (result, beside) in
        [(warned, BESIDE), (codex, BESIDE), (cut, BESIDE), (json!({ "stopReason": "end_turn" }), said("x"))]
    {
        assert_eq!(of_result(&result, beside), Ended::Done, "{result}");
    }
    assert_eq!(of_result(&json!({ "stopReason": "cancelled" }), BESIDE), Ended::Cancelled);
}

#[test]
fn tokens_are_counted_the_same_for_all() {
    let usage = |input, cached, output| Some(Usage { input, cached, output, cost_usd: None });
    let claude = json!({ "usage": { "inputTokens": 3600, "outputTokens": 102, "cachedReadTokens": 3000, "cachedWriteTokens": 150, "totalTokens": 6852 } });
    assert_eq!(usage_of(&claude), usage(6750, 3000, 102));
    let codex = json!({ "usage": { "totalTokens": 1234, "inputTokens": 200, "cachedReadTokens": 1000, "cachedWriteTokens": 0, "outputTokens": 34, "thoughtTokens": 10 } });
    assert_eq!(usage_of(&codex), usage(1200, 1000, 34));
    let opencode = json!({ "usage": { "inputTokens": 200, "outputTokens": 24, "totalTokens": 1234, "thoughtTokens": 10, "cachedReadTokens": 1000 } });
    assert_eq!(usage_of(&opencode), usage(1200, 1000, 34));
    let qwen = json!({ "usage": { "inputTokens": 1200, "outputTokens": 34, "totalTokens": 1234, "thoughtTokens": 10, "cachedReadTokens": 1000 } });
    assert_eq!(usage_of(&qwen), usage(1200, 1000, 34));
    let gemini =
        json!({ "_meta": { "quota": { "token_count": { "input_tokens": 1200, "output_tokens": 34 } } } });
    assert_eq!(usage_of(&gemini), usage(1200, 0, 34));
    assert_eq!(usage_of(&json!({ "usage": null })), None);
}
