import { DEFAULT_TOOLS } from "../../protocol/agent-config.ts";
import { BUILTINS, type Builtin } from "../../protocol/tools.ts";
import { BUILTIN_WORDS, FORM_WORDS } from "../words.ts";
import { TOOL_LIMITS, type ToolForm } from "./tool-draft.ts";
import { Field, useTyped } from "./tool-field.tsx";
import type { ChangeForm } from "./tool-form.tsx";
import { parametersOf, parsedJson } from "./tool-schema.ts";
import { WebhookSecret } from "./webhook-secret.tsx";

interface AnswerFieldsProps {
  readonly form: ToolForm;
  readonly problemOf: (path: string) => string | null;
  readonly change: ChangeForm;
}

/** What a tool answers with, by its mode. */
export function AnswerFields(props: AnswerFieldsProps) {
  switch (props.form.mode) {
    case "mock":
      return <MockFields {...props} />;
    case "builtin":
      return <BuiltinField {...props} />;
    case "webhook":
      return <WebhookFields {...props} />;
  }
}

const AS_JSON = {
  write: (value: unknown): string => JSON.stringify(value, null, 2),
  read: (text: string): unknown => parsedJson(text),
};

function MockFields({ form: { reply, delayMs, fails }, problemOf, change }: AnswerFieldsProps) {
  const { text, isReadable, type } = useTyped(reply, AS_JSON, (value) => change({ reply: value }));
  return (
    <>
      <Field label={FORM_WORDS.reply} problem={isReadable ? problemOf("mock.reply") : FORM_WORDS.replyProblem}>
        {(attributes) => (
          <textarea
            {...attributes}
            class="code"
            rows={Math.min(12, text.split("\n").length + 1)}
            spellcheck={false}
            autocapitalize="off"
            value={text}
            onInput={({ currentTarget }) => type(currentTarget.value)}
          />
        )}
      </Field>
      <Field label={FORM_WORDS.delay} hint={FORM_WORDS.delayHint} problem={problemOf("mock.delayMs")}>
        {(attributes) => (
          <span class="slider">
            <input
              {...attributes}
              type="range"
              min={0}
              max={TOOL_LIMITS.toolMaxMs / 1_000}
              step={0.1}
              value={delayMs / 1_000}
              onInput={({ currentTarget }) => change({ delayMs: Math.round(currentTarget.valueAsNumber * 1_000) })}
            />
            <output>{(delayMs / 1_000).toFixed(1)} s</output>
          </span>
        )}
      </Field>
      <label class="check">
        <input
          type="checkbox"
          checked={fails}
          onChange={({ currentTarget }) => change({ fails: currentTarget.checked })}
        />
        {FORM_WORDS.fails}
      </label>
    </>
  );
}

function BuiltinField({ form, problemOf, change }: AnswerFieldsProps) {
  const choose = (builtin: Builtin): void => {
    const standard = DEFAULT_TOOLS.find((tool) => tool.builtin === builtin)?.function;
    // What a built-in needs to be told is known; words of the student's own stay.
    const isOwn = parametersOf(form.parameters)?.length !== 0 && !isStandard(form.parameters);
    change({
      builtin,
      ...(!isOwn && { parameters: standard?.parameters }),
      ...(form.description === "" && { description: standard?.description ?? "" }),
    });
  };
  return (
    <Field label={FORM_WORDS.builtin} problem={problemOf("builtin")}>
      {(attributes) => (
        <select
          {...attributes}
          value={form.builtin}
          onChange={({ currentTarget }) => choose(builtinOf(currentTarget.value))}
        >
          {BUILTINS.map((builtin) => (
            <option key={builtin} value={builtin}>
              {BUILTIN_WORDS[builtin]}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

const builtinOf = (text: string): Builtin => BUILTINS.find((builtin) => builtin === text) ?? "current_time";

const isStandard = (schema: unknown): boolean =>
  DEFAULT_TOOLS.some((tool) => JSON.stringify(tool.function.parameters) === JSON.stringify(schema));

function WebhookFields({ form: { url, timeoutMs }, problemOf, change }: AnswerFieldsProps) {
  const [leastMs, mostMs] = [100, TOOL_LIMITS.toolMaxMs];
  return (
    <>
      <Field label={FORM_WORDS.url} problem={problemOf("function.webhook_url")}>
        {(attributes) => (
          <input
            {...attributes}
            class="code"
            type="url"
            inputMode="url"
            placeholder="https://example.com/tool"
            value={url}
            onInput={({ currentTarget }) => change({ url: currentTarget.value.trim() })}
          />
        )}
      </Field>
      <Field label={FORM_WORDS.timeout} problem={problemOf("timeoutMs")}>
        {(attributes) => (
          <span class="slider">
            <input
              {...attributes}
              type="range"
              min={leastMs / 1_000}
              max={mostMs / 1_000}
              step={0.1}
              value={timeoutMs / 1_000}
              onInput={({ currentTarget }) => change({ timeoutMs: Math.round(currentTarget.valueAsNumber * 1_000) })}
            />
            <output>{(timeoutMs / 1_000).toFixed(1)} s</output>
          </span>
        )}
      </Field>
      <WebhookSecret />
    </>
  );
}
