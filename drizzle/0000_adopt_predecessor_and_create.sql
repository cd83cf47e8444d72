-- Creates the tables, and adopts the predecessor's `student_configs` where there is one: its rows, its columns and
-- whatever else it has stay as they are. Written by hand to the schema that drizzle-kit recorded beside it; every
-- statement may run again without harm.

CREATE TABLE IF NOT EXISTS "workshops" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"join_code" text NOT NULL,
	"opens_at" timestamp with time zone,
	"closes_at" timestamp with time zone,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"fallback_allowed" boolean DEFAULT true NOT NULL,
	"call_max_ms" integer,
	"allowance_micro_usd" bigint,
	"student_allowance_micro_usd" bigint,
	"call_allowance_micro_usd" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "workshops_join_code_key" UNIQUE("join_code")
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "student_configs" (
	"session_token" text PRIMARY KEY NOT NULL,
	"student_email" text,
	"student_name" text,
	"openai_api_key" text,
	"system_prompt" text,
	"ivr_greeting" text,
	"selected_voice" text,
	"tools" jsonb,
	"created_at" timestamp DEFAULT now(),
	"updated_at" timestamp DEFAULT now()
);
--> statement-breakpoint
-- Older predecessors lack some of their own columns. `origin`: rows that are here by now came from one.
ALTER TABLE "student_configs"
	ADD COLUMN IF NOT EXISTS "student_email" text,
	ADD COLUMN IF NOT EXISTS "student_name" text,
	ADD COLUMN IF NOT EXISTS "openai_api_key" text,
	ADD COLUMN IF NOT EXISTS "system_prompt" text,
	ADD COLUMN IF NOT EXISTS "ivr_greeting" text,
	ADD COLUMN IF NOT EXISTS "selected_voice" text,
	ADD COLUMN IF NOT EXISTS "tools" jsonb,
	ADD COLUMN IF NOT EXISTS "created_at" timestamp DEFAULT now(),
	ADD COLUMN IF NOT EXISTS "updated_at" timestamp DEFAULT now(),
	ADD COLUMN IF NOT EXISTS "workshop_id" text,
	ADD COLUMN IF NOT EXISTS "origin" text DEFAULT 'predecessor' NOT NULL,
	ADD COLUMN IF NOT EXISTS "key_hint" text,
	ADD COLUMN IF NOT EXISTS "key_status" text,
	ADD COLUMN IF NOT EXISTS "key_checked_at" timestamp with time zone,
	ADD COLUMN IF NOT EXISTS "key_connected_at" timestamp with time zone,
	ADD COLUMN IF NOT EXISTS "key_last_used_at" timestamp with time zone,
	ADD COLUMN IF NOT EXISTS "webhook_secret" text;
--> statement-breakpoint
-- `null` clears a field, so none of them may insist on a value.
ALTER TABLE "student_configs"
	ALTER COLUMN "student_email" DROP NOT NULL,
	ALTER COLUMN "student_name" DROP NOT NULL,
	ALTER COLUMN "openai_api_key" DROP NOT NULL,
	ALTER COLUMN "system_prompt" DROP NOT NULL,
	ALTER COLUMN "ivr_greeting" DROP NOT NULL,
	ALTER COLUMN "selected_voice" DROP NOT NULL,
	ALTER COLUMN "tools" DROP NOT NULL;
--> statement-breakpoint
-- A predecessor whose primary key is another column still has one row a token; upserts and foreign keys need it said.
DO $$ BEGIN
	IF NOT EXISTS (
		SELECT FROM pg_index
		JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
		WHERE indrelid = '"student_configs"'::regclass AND indisunique AND indisvalid
			AND indnkeyatts = 1 AND indpred IS NULL AND attname = 'session_token'
	) THEN
		ALTER TABLE "student_configs" ADD CONSTRAINT "student_configs_session_token_key" UNIQUE ("session_token");
	END IF;
END $$;
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "calls" (
	"id" text PRIMARY KEY NOT NULL,
	"session_token" text NOT NULL,
	"workshop_id" text,
	"way_in" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"end_reason" text,
	"key_source" text NOT NULL,
	"model" text NOT NULL,
	"usage" jsonb NOT NULL,
	"cost_micro_usd" bigint,
	"revision" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE IF NOT EXISTS "turns" (
	"call_id" text NOT NULL,
	"seq" integer NOT NULL,
	"revision" integer NOT NULL,
	"speaker" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"text" text NOT NULL,
	"heard_text" text,
	"tool_call" jsonb,
	"timings" jsonb,
	"usage" jsonb,
	"failure" text,
	CONSTRAINT "turns_pkey" PRIMARY KEY("call_id","seq")
);
--> statement-breakpoint
DO $$ BEGIN
	IF NOT EXISTS (
		SELECT FROM pg_constraint WHERE conrelid = '"student_configs"'::regclass AND conname = 'student_configs_workshop_id_workshops_id_fk'
	) THEN
		ALTER TABLE "student_configs" ADD CONSTRAINT "student_configs_workshop_id_workshops_id_fk"
			FOREIGN KEY ("workshop_id") REFERENCES "workshops"("id") ON DELETE set null;
	END IF;
	IF NOT EXISTS (
		SELECT FROM pg_constraint WHERE conrelid = '"calls"'::regclass AND conname = 'calls_session_token_student_configs_session_token_fk'
	) THEN
		ALTER TABLE "calls" ADD CONSTRAINT "calls_session_token_student_configs_session_token_fk"
			FOREIGN KEY ("session_token") REFERENCES "student_configs"("session_token") ON DELETE cascade;
	END IF;
	IF NOT EXISTS (
		SELECT FROM pg_constraint WHERE conrelid = '"turns"'::regclass AND conname = 'turns_call_id_calls_id_fk'
	) THEN
		ALTER TABLE "turns" ADD CONSTRAINT "turns_call_id_calls_id_fk"
			FOREIGN KEY ("call_id") REFERENCES "calls"("id") ON DELETE cascade;
	END IF;
END $$;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "student_configs_workshop_id_idx" ON "student_configs" USING btree ("workshop_id");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "calls_session_token_started_at_idx" ON "calls" USING btree ("session_token","started_at");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "calls_workshop_id_started_at_idx" ON "calls" USING btree ("workshop_id","started_at");
