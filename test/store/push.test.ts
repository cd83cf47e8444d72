import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { parseWorkshopId } from "../../src/protocol/ids.ts";
import { type Push, pushToWorkshop } from "../../src/store/push.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const ID = parseWorkshopId("w1")!;

const tool = (name: string, description = "d") => ({ type: "function", function: { name, description } });

describe("what is pushed to a workshop", () => {
  let under: DatabaseUnderTest;
  beforeAll(async () => {
    under = await openDatabaseUnderTest();
    await under.migrate();
    await under.sql("insert into workshops (id, name, join_code) values ('w1', 'A', 'ASH-1'), ('w2', 'B', 'ASH-2')");
  }, OPEN_MS);
  afterAll(() => under.close());
  beforeEach(async () => void (await under.sql("delete from student_configs")));

  const student = (token: string, tools: string | null = null, workshopId: string | null = "w1") =>
    under.sql(
      `insert into student_configs (session_token, workshop_id, system_prompt, ivr_greeting, tools)
       values ($1, $2, 'old prompt', 'old greeting', $3)`,
      token,
      workshopId,
      tools,
    );
  const push = (given: Partial<Push>) =>
    pushToWorkshop(under.db, ID, { mostTools: LIMITS.tools, nowMs: NOW_MS, ...given });
  const pushTool = (stored: ReturnType<typeof tool>) => push({ tool: { name: stored.function.name, stored } });
  const toolsOf = async (token: string): Promise<unknown> => {
    const [row] = await under.sql("select tools::text as tools from student_configs where session_token = $1", token);
    return row?.tools == null ? null : JSON.parse(row.tools);
  };

  it("WORKSHOP-60 a prompt and a greeting reach every student of the workshop and no other, in one request", async () => {
    await student("a");
    await student("b");
    await student("elsewhere", null, "w2");
    await student("nowhere", null, null);
    const { requests } = under.neon.counted;
    expect(await push({ prompt: "new prompt", greeting: "new greeting" })).toEqual({ students: 2, skipped: 0 });
    expect(under.neon.counted.requests).toBe(requests + 1);
    const rows = await under.sql(
      "select session_token as t, system_prompt as p, ivr_greeting as g from student_configs order by t",
    );
    expect(rows).toEqual([
      { t: "a", p: "new prompt", g: "new greeting" },
      { t: "b", p: "new prompt", g: "new greeting" },
      { t: "elsewhere", p: "old prompt", g: "old greeting" },
      { t: "nowhere", p: "old prompt", g: "old greeting" },
    ]);
    expect(await push({ greeting: "Hi" })).toEqual({ students: 2, skipped: 0 });
    const [row] = await under.sql(
      "select system_prompt as p, ivr_greeting as g from student_configs where session_token = 'a'",
    );
    expect(row).toEqual({ p: "new prompt", g: "Hi" });
  });

  it("WORKSHOP-61 the prompt before stays in each student's history, and the new one says who saved it", async () => {
    await student("a");
    await push({ prompt: "new prompt" });
    const versions = () =>
      under.sql("select prompt, saved_by from prompt_versions where session_token = 'a' order by saved_at");
    const kept = [
      { prompt: "old prompt", saved_by: "student" },
      { prompt: "new prompt", saved_by: "instructor" },
    ];
    expect(await versions()).toEqual(kept);
    // The same once more changes nothing, and a push without a prompt neither.
    await push({ prompt: "new prompt" });
    await push({ greeting: "Hi" });
    expect(await versions()).toEqual(kept);
  });

  it("WORKSHOP-62 a tool is put behind the others, or in the place of that of its name", async () => {
    await student("none", null);
    await student("empty", "[]");
    await student("others", JSON.stringify([tool("x"), tool("y")]));
    await student("same", JSON.stringify([tool("x"), tool("t", "mine"), tool("y")]));
    await student("twice", JSON.stringify([tool("t", "1"), tool("x"), tool("t", "2")]));
    await student("odd", JSON.stringify([7, null, { function: "t" }, { function: { name: ["t"] } }]));
    await student("object", '{"t": 1}');
    const pushed = tool("t", "theirs");
    expect(await pushTool(pushed)).toEqual({ students: 7, skipped: 0 });
    expect(await toolsOf("none")).toEqual([pushed]);
    expect(await toolsOf("empty")).toEqual([pushed]);
    expect(await toolsOf("others")).toEqual([tool("x"), tool("y"), pushed]);
    expect(await toolsOf("same")).toEqual([tool("x"), pushed, tool("y")]);
    expect(await toolsOf("twice")).toEqual([pushed, tool("x")]);
    expect(await toolsOf("odd")).toEqual([7, null, { function: "t" }, { function: { name: ["t"] } }, pushed]);
    expect(await toolsOf("object")).toEqual([pushed]);
    expect(await pushTool(pushed)).toEqual({ students: 7, skipped: 0 });
    expect(await toolsOf("others")).toEqual([tool("x"), tool("y"), pushed]);
  });

  it("WORKSHOP-63 a student with the most tools there may be is skipped, unless one of them gives way", async () => {
    const sixteen = Array.from({ length: 16 }, (_, at) => tool(`t${at}`));
    await student("full", JSON.stringify(sixteen));
    await student("almost", JSON.stringify(sixteen.slice(1)));
    await student("spare");
    expect(await pushTool(tool("new"))).toEqual({ students: 2, skipped: 1 });
    expect(await toolsOf("full")).toEqual(sixteen);
    expect(await toolsOf("almost")).toEqual([...sixteen.slice(1), tool("new")]);
    expect(await pushTool(tool("t3", "changed"))).toEqual({ students: 3, skipped: 0 });
    expect(await toolsOf("full")).toEqual(sixteen.with(3, tool("t3", "changed")));
    // The texts of such a push are theirs all the same.
    await push({ greeting: "Hi", tool: { name: "other", stored: tool("other") } });
    const [row] = await under.sql("select ivr_greeting as g from student_configs where session_token = 'full'");
    expect(row?.g).toBe("Hi");
  });

  it("WORKSHOP-64 hostile text in a tool is stored as it is, and nothing of it is run", async () => {
    await student("a");
    const hostile = tool("t", "'); drop table turns; -- $1 \\u0000 \u0000 \ud800 \"");
    expect(await pushTool(hostile)).toEqual({ students: 1, skipped: 0 });
    expect(await toolsOf("a")).toEqual([tool("t", "'); drop table turns; -- $1 \\u0000 \ufffd \ufffd \"")]);
    expect(await under.sql("select count(*) from turns")).toHaveLength(1);
  });

  it("WORKSHOP-65 a predecessor's column of json takes a tool; one of text is left alone, and counted", async () => {
    await student("a", JSON.stringify([tool("x")]));
    await student("bad", null);
    try {
      await under.sql("alter table student_configs alter column tools type json using tools::json");
      await under.sql(
        `update student_configs set tools = '[{"function":{"name":"\\u0000"}}]' where session_token = 'bad'`,
      );
      expect(await pushTool(tool("t"))).toEqual({ students: 1, skipped: 1 });
      await under.sql(
        `update student_configs set tools = '[{"function":{"name":"\\uD83D"}}]' where session_token = 'bad'`,
      );
      expect(await pushTool(tool("t"))).toEqual({ students: 1, skipped: 1 });
      expect(await toolsOf("a")).toEqual([tool("x"), tool("t")]);
      await under.sql("alter table student_configs alter column tools type text using tools::text");
      await under.sql("update student_configs set tools = 'not json' where session_token = 'bad'");
      expect(await pushTool(tool("t", "changed"))).toEqual({ students: 0, skipped: 2 });
      expect(await push({ prompt: "all the same" })).toEqual({ students: 2, skipped: 0 });
    } finally {
      await under.sql("delete from student_configs");
      await under.sql("alter table student_configs alter column tools type jsonb using tools::jsonb");
    }
  });

  it("WORKSHOP-66 there is nothing to push to where there is no workshop", async () => {
    await student("nowhere", null, null);
    const id = parseWorkshopId("w9")!;
    expect(await pushToWorkshop(under.db, id, { prompt: "p", mostTools: 16, nowMs: NOW_MS })).toBeUndefined();
  });
});
