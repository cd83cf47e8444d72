import { DEFAULT_MODELS } from "../env.ts";
import { type ConfiguredModel, configuredIn, MODEL_VARIABLES } from "../pricing/configured.ts";
import type { Configuration } from "./configuration.ts";

export interface ConfiguredSomewhere extends ConfiguredModel {
  /** For people. */
  readonly where: string;
}

/**
 * Every model that a Worker of this folder may run with: the defaults, those of `wrangler.toml` in all of its environments,
 * and those that this shell or `.dev.vars` set.
 */
export function configuredModels(
  wranglerToml: string,
  configuration: Pick<Configuration, "variable">,
): readonly ConfiguredSomewhere[] {
  const all: ConfiguredSomewhere[] = configuredIn(DEFAULT_MODELS).map((one) => ({ ...one, where: "src/env.ts" }));
  const line = /^\s*(TEXT_MODEL|VOICE_MODEL|TRANSCRIBE_MODEL)\s*=\s*["']([^"']*)["']/gm;
  const written = [...wranglerToml.matchAll(line)].map(([, name, model]) => ({ name, model: model?.trim() }));
  for (const variable of MODEL_VARIABLES) {
    for (const { name, model } of written) {
      if (name === variable && model) all.push({ variable, model, where: "wrangler.toml" });
    }
    const model = configuration.variable(variable);
    if (model !== undefined) all.push({ variable, model, where: "the environment" });
  }
  // Of one model in several places the first says enough.
  return all.filter(
    (one, at) => all.findIndex(({ variable, model }) => variable === one.variable && model === one.model) === at,
  );
}
