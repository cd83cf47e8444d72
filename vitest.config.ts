import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Packages that workerd tests load often: bundled once instead of module by module. */
const BUNDLED = ["openai", "drizzle-orm", "drizzle-orm/pg-core", "drizzle-orm/neon-http", "hono", "zod"];

/** What the Worker needs to start; nothing listens at the database's address. */
const SECRETS = {
  ENCRYPTION_KEY: "5f".repeat(15) + "a1".repeat(17),
  DATABASE_URL: "postgres://nobody:nothing@127.0.0.1:9/none",
  INSTRUCTOR_TOKEN: "instructor-token-of-the-tests",
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.workerd.test.ts", "test/journeys/**"],
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" }, miniflare: { bindings: SECRETS } })],
        test: {
          name: "workerd",
          include: ["test/**/*.workerd.test.ts"],
          deps: { optimizer: { ssr: { enabled: true, include: BUNDLED } } },
        },
      },
      {
        test: {
          name: "journeys",
          environment: "node",
          include: ["test/journeys/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
