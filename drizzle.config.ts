import { defineConfig } from "drizzle-kit";
import { MIGRATIONS } from "./src/store/migrations.ts";

export default defineConfig({
  dialect: "postgresql",
  schema: "./src/store/schema.ts",
  out: "./drizzle",
  migrations: MIGRATIONS,
});
