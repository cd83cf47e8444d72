// Imported before wrangler, which reads these when it is loaded. Quiet and offline: no telemetry, no look-up of where
// this machine is, no banner; and neither a log file nor a store of traces, because wrangler writes all variables of the
// Worker into them, secrets too.
process.env.WRANGLER_WRITE_LOGS = "false";
process.env.X_LOCAL_OBSERVABILITY = "false";
process.env.WRANGLER_SEND_METRICS ??= "false";
process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
process.env.WRANGLER_HIDE_BANNER ??= "true";
