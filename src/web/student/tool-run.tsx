import { useEffect, useState } from "preact/hooks";
import { milliseconds, RUN_WORDS, saysMeanwhileWords } from "../words.ts";
import { Icon } from "./icon.tsx";
import type { ToolRun } from "./tool-client.ts";
import { FILLER_AFTER_MS, formOf, TOOL_LIMITS, type ToolDraft } from "./tool-draft.ts";
import { Field, type FieldAttributes } from "./tool-field.tsx";
import { runOnce, runs } from "./tool-runs.ts";
import { type ArgumentField, argumentFieldsOf, argumentsOf, parsedJson } from "./tool-schema.ts";

interface RunOnceProps {
  readonly draft: ToolDraft;
  /** What is edited can be saved, and so be run. */
  readonly isReady: boolean;
}

/** Tries a tool without a call: with what arguments, what is sent, what comes back, and when. */
export function RunOnce({ draft, isReady }: RunOnceProps) {
  const form = formOf(draft.kept);
  const fields = argumentFieldsOf(form.parameters);
  const [texts, setTexts] = useState<ReadonlyMap<string, string>>(new Map());
  const [unfilled, setUnfilled] = useState<string | null>(null);
  const run = runs.value.get(draft.id);
  const isRunning = run?.state === "running";
  const submit = (event: Event): void => {
    event.preventDefault();
    const args = argumentsOf(fields, texts);
    setUnfilled(args.ok ? null : args.name);
    if (args.ok && !isRunning) void runOnce(draft, args.value);
  };
  return (
    <form class="run-once" onSubmit={submit} noValidate>
      <h3>{RUN_WORDS.title}</h3>
      <p class="hint">{form.mode === "webhook" ? RUN_WORDS.webhookHint : RUN_WORDS.hint}</p>
      {fields.length === 0 && <p class="hint">{RUN_WORDS.noFields}</p>}
      {fields.map((field) => (
        <Field
          key={field.name}
          label={field.required ? field.name : `${field.name} (${RUN_WORDS.optional})`}
          hint={field.description || undefined}
          problem={unfilled === field.name ? RUN_WORDS.notFilled : null}
        >
          {(attributes) => (
            <ArgumentControl
              field={field}
              attributes={attributes}
              text={texts.get(field.name) ?? field.sample}
              onType={(text) => setTexts(new Map(texts).set(field.name, text))}
            />
          )}
        </Field>
      ))}
      <button type="submit" class="primary" disabled={!isReady} aria-disabled={isRunning}>
        {run ? RUN_WORDS.again : RUN_WORDS.run}
      </button>
      {!isReady && <p class="hint">{RUN_WORDS.blocked}</p>}
      {isRunning && <Running sinceMs={run.sinceMs} fillers={form.fillers} />}
      <div role="status">
        {run?.state === "done" && <Result run={run.run} fillers={form.fillers} />}
        {run?.state === "refused" && <p class="problem">{run.sentence}</p>}
      </div>
    </form>
  );
}

interface ArgumentControlProps {
  readonly field: ArgumentField;
  readonly attributes: FieldAttributes;
  readonly text: string;
  readonly onType: (text: string) => void;
}

function ArgumentControl({ field, attributes, text, onType }: ArgumentControlProps) {
  const { kind, choices, required } = field;
  const control = {
    ...attributes,
    value: text,
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) => onType(currentTarget.value),
  };
  switch (kind) {
    case "choice":
    case "boolean":
      return (
        <select {...control}>
          {!required && <option value="">({RUN_WORDS.none})</option>}
          {kind === "choice" && choices.map((choice) => <option key={choice}>{choice}</option>)}
          {kind === "boolean" && (
            <>
              <option value="true">{RUN_WORDS.yes}</option>
              <option value="false">{RUN_WORDS.no}</option>
            </>
          )}
        </select>
      );
    case "json":
      return <textarea {...control} class="code" rows={3} spellcheck={false} />;
    case "number":
      return <input {...control} inputMode="decimal" autocomplete="off" />;
    case "text":
      return <input {...control} autocomplete="off" />;
  }
}

/** How long it takes already, against the longest it may; after a while what the caller would hear. */
function Running({ sinceMs, fillers }: { readonly sinceMs: number; readonly fillers: readonly string[] }) {
  const [nowMs, setNowMs] = useState(sinceMs);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), 100);
    return () => clearInterval(timer);
  }, []);
  const tookMs = Math.max(0, nowMs - sinceMs);
  return (
    <div class="running">
      <p>
        <span role="status">{RUN_WORDS.running}</span> · {(tookMs / 1_000).toFixed(1)} s
      </p>
      <progress max={TOOL_LIMITS.toolMaxMs} value={tookMs} aria-label={RUN_WORDS.running} />
      {tookMs >= FILLER_AFTER_MS && <Meanwhile fillers={fillers} />}
    </div>
  );
}

const Meanwhile = ({ fillers }: { readonly fillers: readonly string[] }) => (
  <p class="hint">{saysMeanwhileWords(fillers[0] ?? RUN_WORDS.ownFiller)}</p>
);

function Result({ run, fillers }: { readonly run: ToolRun; readonly fillers: readonly string[] }) {
  const { outcome, durationMs, request, status, output } = run;
  const isOk = outcome === "ok";
  return (
    <div class="result">
      <p class={`outcome ${outcome}`}>
        <Icon name={outcome} /> {isOk ? RUN_WORDS.ok : RUN_WORDS.failed} · {milliseconds(durationMs)}
        {request && ` · ${RUN_WORDS.status} ${status ?? RUN_WORDS.noStatus}`}
      </p>
      {durationMs >= FILLER_AFTER_MS && <Meanwhile fillers={fillers} />}
      {!isOk && <p class="hint">{RUN_WORDS.toldTruth}</p>}
      <h4>{RUN_WORDS.output}</h4>
      <pre>{printed(output)}</pre>
      {request && (
        <details>
          <summary>{RUN_WORDS.request}</summary>
          <h4>{RUN_WORDS.address}</h4>
          <pre>POST {request.url}</pre>
          <h4>{RUN_WORDS.headers}</h4>
          <pre>
            {Object.entries(request.headers)
              .map(([name, value]) => `${name}: ${value}`)
              .join("\n")}
          </pre>
          <h4>{RUN_WORDS.body}</h4>
          <pre>{printed(request.body)}</pre>
        </details>
      )}
    </div>
  );
}

/** JSON with room to breathe; what is none (it was cut), as it came. */
function printed(json: string): string {
  const value = parsedJson(json);
  return value === undefined ? json : JSON.stringify(value, null, 2);
}
