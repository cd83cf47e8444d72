import type { Configuration } from "./configuration.ts";
import { DEPLOYMENT_FILE } from "./deployment.ts";
import type { DoctorOptions } from "./doctor-options.ts";

/** Which Callroom is looked at, and what this machine knows of it. */
export interface Place {
  readonly kind: "dev" | "deployed" | "other";
  /** Scheme, host and port. */
  readonly url: string;
  /** `undefined`: none is known here. */
  readonly instructorToken: string | undefined;
  /** Its ENCRYPTION_KEY as this machine has it, and where; `undefined`: it has none. */
  readonly masterKey: { readonly hex: string; readonly keptIn: string } | undefined;
}

/** What a command may know, as `readConfiguration` reads it. */
export interface Known {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly configuration: (isDeployed: boolean) => Configuration;
}

/** The Callroom that was asked for, or a sentence that says why there is none, with what to do. */
export function placeOf(
  { url, deployed }: Pick<DoctorOptions, "url" | "deployed">,
  { environment, configuration }: Known,
): Place | { readonly found: string; readonly fix: string } {
  const [ofDev, ofDeployed] = [configuration(false), configuration(true)];
  const devUrl = originOf(ofDev.endpoints?.pageUrl);
  const deployedUrl = originOf(ofDeployed.variable("CALLROOM_URL"));
  if (deployed || (url !== undefined && url === deployedUrl)) {
    if (deployedUrl !== undefined) return place("deployed", deployedUrl, ofDeployed, DEPLOYMENT_FILE);
    return {
      found: `${DEPLOYMENT_FILE} knows no deployed Callroom.`,
      fix: "Deploy with npm run setup, or name the address: npm run doctor -- --url URL",
    };
  }
  if (url === undefined || url === devUrl) {
    if (devUrl !== undefined) return place("dev", devUrl, ofDev, ".dev.vars");
    return {
      found: "No npm run dev is running here.",
      fix: "Start it in another terminal, or look at the deployed one: npm run doctor -- --deployed",
    };
  }
  // A token of another Callroom must not go to this address: what the environment names was meant for it.
  return {
    kind: "other",
    url,
    instructorToken: environment.INSTRUCTOR_TOKEN?.trim() || undefined,
    masterKey: undefined,
  };
}

function place(kind: "dev" | "deployed", url: string, configuration: Configuration, keptIn: string): Place {
  const hex = configuration.variable("ENCRYPTION_KEY");
  return {
    kind,
    url,
    instructorToken: configuration.variable("INSTRUCTOR_TOKEN"),
    masterKey: hex === undefined ? undefined : { hex, keptIn },
  };
}

const originOf = (url: string | undefined): string | undefined => {
  const { protocol, origin } = URL.parse(url ?? "") ?? {};
  return protocol === "http:" || protocol === "https:" ? origin : undefined;
};
