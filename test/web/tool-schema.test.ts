import { describe, expect, it } from "vitest";
import { DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import {
  argumentFieldsOf,
  argumentsOf,
  isFreeName,
  parametersOf,
  withNewParameter,
  withoutParameter,
  withParameter,
} from "../../src/web/student/tool-schema.ts";

const SCHEMA = {
  type: "object",
  properties: {
    city: { type: "string", description: "City, e.g. Lisbon", minLength: 2 },
    days: { type: "integer", minimum: 3 },
  },
  required: ["city"],
  additionalProperties: false,
};

describe("arguments as a table", () => {
  it("TOOLPAGE-6 a flat schema is a row an argument, and nothing of it is lost by a change", () => {
    expect(parametersOf(SCHEMA)).toEqual([
      { name: "city", type: "string", description: "City, e.g. Lisbon", required: true },
      { name: "days", type: "integer", description: "", required: false },
    ]);
    expect(withParameter(SCHEMA, "city", { description: "Town" })).toEqual({
      ...SCHEMA,
      properties: { ...SCHEMA.properties, city: { type: "string", description: "Town", minLength: 2 } },
    });
    expect(withParameter(SCHEMA, "days", { required: true })).toEqual({ ...SCHEMA, required: ["city", "days"] });
    expect(withParameter(SCHEMA, "city", { description: "" }).properties).toEqual({
      ...SCHEMA.properties,
      city: { type: "string", minLength: 2 },
    });
  });

  it("TOOLPAGE-6 a renamed argument keeps its place and whether it is required", () => {
    const renamed = withParameter(SCHEMA, "city", { name: "town" });
    expect(Object.keys(Object(renamed.properties))).toEqual(["town", "days"]);
    expect(renamed.required).toEqual(["town"]);
  });

  it("TOOLPAGE-6 a name swallows no other and cannot change what an object is", () => {
    expect(isFreeName(SCHEMA, "days")).toBe(false);
    expect(isFreeName(SCHEMA, "toString")).toBe(true);
    for (const name of ["", "7", "__proto__", "two words", "x".repeat(65)])
      expect(isFreeName(SCHEMA, name)).toBe(false);
    const hostile = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}');
    expect(parametersOf(hostile)).toEqual([{ name: "__proto__", type: "string", description: "", required: false }]);
    expect(Object.hasOwn(Object(withNewParameter(hostile).properties), "__proto__")).toBe(true);
  });

  it("TOOLPAGE-6 another type forgets the bounds of the old one", () => {
    expect(Object(withParameter(SCHEMA, "days", { type: "boolean" }).properties).days).toEqual({ type: "boolean" });
    expect(Object(withParameter(SCHEMA, "days", { type: "integer" }).properties).days).toEqual({
      type: "integer",
      minimum: 3,
    });
  });

  it("TOOLPAGE-6 rows come and go", () => {
    const more = withNewParameter(withNewParameter({}));
    expect(parametersOf(more)?.map(({ name }) => name)).toEqual(["value", "value_2"]);
    expect(withoutParameter(SCHEMA, "city")).toEqual({
      ...SCHEMA,
      properties: { days: SCHEMA.properties.days },
      required: [],
    });
  });

  it("TOOLPAGE-6 a schema that no table can show is left to the JSON", () => {
    const nested = [
      { type: "object", properties: {} },
      { type: "array", items: { type: "string" } },
      { type: ["string", "null"] },
      { $ref: "#/x" },
      true,
    ];
    for (const property of nested) expect(parametersOf({ properties: { property } })).toBeNull();
    expect(parametersOf(undefined)).toEqual([]);
  });
});

describe("arguments to run a tool with", () => {
  const fields = argumentFieldsOf({
    properties: {
      day: { type: "string", enum: ["Monday", "Sunday"] },
      zone: { type: "string", description: "IANA time zone, e.g. Asia/Tokyo" },
      guests: { type: "integer", minimum: 2 },
      vip: { type: "boolean" },
      email: { type: "string" },
      size: { type: "number", default: 7.5 },
      wishes: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } },
    },
    required: ["day", "guests"],
  });

  it("TOOLPAGE-7 each argument has a field of its kind, with a value that fits", () => {
    expect(fields.map(({ name, kind, sample }) => [name, kind, sample])).toEqual([
      ["day", "choice", "Monday"],
      ["zone", "text", "Asia/Tokyo"],
      ["guests", "number", "2"],
      ["vip", "boolean", "true"],
      ["email", "text", "ada@example.com"],
      ["size", "number", "7.5"],
      ["wishes", "json", '[{"name":"Ada"}]'],
    ]);
    expect(argumentFieldsOf(DEFAULT_TOOLS[0]?.function.parameters).map(({ sample }) => sample)).toEqual(["Asia/Tokyo"]);
  });

  it("TOOLPAGE-7 what is filled in goes as its type, and what is left empty stays out", () => {
    const texts = new Map([
      ["zone", ""],
      ["guests", "4"],
      ["vip", "false"],
      ["email", " "],
      ["wishes", ""],
    ]);
    expect(argumentsOf(fields, texts)).toEqual({
      ok: true,
      value: { day: "Monday", guests: 4, vip: false, size: 7.5 },
    });
  });

  it("TOOLPAGE-7 a field that does not hold its type is named, and nothing runs", () => {
    expect(argumentsOf(fields, new Map([["guests", "four"]]))).toEqual({ ok: false, name: "guests" });
    expect(argumentsOf(fields, new Map([["guests", ""]]))).toEqual({ ok: false, name: "guests" });
    expect(argumentsOf(fields, new Map([["wishes", "[1"]]))).toEqual({ ok: false, name: "wishes" });
  });
});
