import { openPglite, servePsql } from "./test/standins/postgres.ts";
import pg from "pg";
import { connect } from "node:net";
import { protocol } from "@electric-sql/pglite";
import { execFileSync, execFile } from "node:child_process";
let t = performance.now();
const db = await openPglite(); console.log("open", performance.now()-t);
const srv = await servePsql(db, { port: 0 });
const port = srv.port; console.log(port);
const one = async (text, params=[]) => (await db.run({text, params})).rows.join();
const c = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres", password: "x" });
c.on("error", e => console.log("client error", e.message));
await c.connect();
console.log("psql:", (await c.query("select $1::text as a", ["theirs"])).rows, await one("select $1::text", ["mine"]));
const jobs = [];
for (let i=0;i<50;i++) { jobs.push(c.query("select $1::text as a", ["theirs"+i]).then(r=>r.rows[0]?.a === "theirs"+i ? "ok":"WRONG "+JSON.stringify(r.rows), e=>"ERR "+e.message)); jobs.push(one("select $1::text||'!'", ["mine"+i]).then(r=>r==="mine"+i+"!"?"ok2":"WRONG2 "+r)); }
const r = await Promise.all(jobs); const count={}; for (const x of r) count[x]=(count[x]??0)+1; console.log(count);
t = performance.now(); for (let i=0;i<500;i++) await one("select 1"); console.log("per run ms", (performance.now()-t)/500);
// tx
await c.query("create table t(a int)"); await c.query("begin"); await c.query("insert into t values (1)");
t=performance.now(); try { await one("select 1"); console.log("?? got in"); } catch(e) { console.log(e.message, e.fields.code, performance.now()-t); }
const waiting = one("select count(*) from t"); await c.query("rollback"); console.log("after rollback count", await waiting);
await c.query("begin"); await c.query("insert into t values (1)"); 
const w2 = one("select count(*) from t"); c.connection.stream.destroy(); console.log("after disconnect count", await w2);
const psql = (args, input) => new Promise(r => { const p = execFile("psql", [`postgres://postgres:postgres@127.0.0.1:${port}/postgres`, "-X", ...args], {timeout: 8000}, (e, out, err) => r((e?.killed?"KILLED ":"")+out+err)); if (input !== undefined) p.stdin.end(input); });
console.log(await psql(["-c", "select version()"]));
console.log(await psql(["-c", "\\d"]));
console.log(await psql(["-c", "select 1/0", "-c", "select 2 as two"]));
console.log(await psql(["-c", "copy (select 1 union select 2) to stdout"]));
console.log("COPY IN:", await psql(["-c", "copy t from stdin"], "5\n6\n\\.\n"));
console.log("alive:", await one("select count(*) from t"));
console.log(await psql(["-c", "set timezone='Asia/Tokyo'", "-c", "show timezone"]), await one("show timezone"));
// flush
const s = protocol.serialize; const k = connect(port, "127.0.0.1"); const got=[]; k.on("data", d => { new protocol.Parser().parse(d, m => got.push(m.name)); });
k.write(s.startup({user:"postgres",database:"postgres"})); await new Promise(r=>setTimeout(r,200)); console.log(got.splice(0).join());
k.write(Buffer.concat([s.parse({text:"select $1::int"}), s.describe({type:"S"}), s.flush()])); await new Promise(r=>setTimeout(r,200)); console.log("flush", got.splice(0).join());
const w3 = one("select 'between'"); 
k.write(Buffer.concat([s.bind({values:["7"]}), s.execute({}), s.sync()])); await new Promise(r=>setTimeout(r,200)); console.log("rest", got.splice(0).join(), await w3);
await srv.close(); await db.close(); console.log("closed"); 
