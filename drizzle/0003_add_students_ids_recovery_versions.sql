-- What the page and the console need. Every student there is gets an id of their own. Where a predecessor has a column of
-- one of these names, its type is anybody's guess and its values are not ours to replace: it is put aside, under another
-- name, and need not be filled in any more.

ALTER TABLE "workshops" ADD COLUMN "seats" integer;
--> statement-breakpoint
DO $$
DECLARE
	theirs text;
	aside text;
BEGIN
	FOREACH theirs IN ARRAY ARRAY['student_id', 'recovery_digest'] LOOP
		aside := 'predecessor_' || theirs;
		-- As PostgreSQL names what keeps a column unique, and as ours is named below.
		EXECUTE format('ALTER INDEX IF EXISTS %I RENAME TO %I', 'student_configs_' || theirs || '_key', 'student_configs_' || aside || '_key');
		IF EXISTS (
			SELECT FROM pg_attribute WHERE attrelid = '"student_configs"'::regclass AND attname = theirs AND NOT attisdropped
		) THEN
			EXECUTE format('ALTER TABLE "student_configs" RENAME COLUMN %I TO %I', theirs, aside);
			IF NOT EXISTS (
				SELECT FROM pg_index
				JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
				WHERE indrelid = '"student_configs"'::regclass AND indisprimary AND attname = aside
			) THEN
				EXECUTE format('ALTER TABLE "student_configs" ALTER COLUMN %I DROP NOT NULL', aside);
			END IF;
		END IF;
	END LOOP;
END $$;
--> statement-breakpoint
ALTER TABLE "student_configs"
	ADD COLUMN "student_id" text DEFAULT gen_random_uuid()::text NOT NULL,
	ADD COLUMN "recovery_digest" text;
--> statement-breakpoint
ALTER TABLE "student_configs"
	ADD CONSTRAINT "student_configs_student_id_key" UNIQUE("student_id"),
	ADD CONSTRAINT "student_configs_recovery_digest_key" UNIQUE("recovery_digest");
--> statement-breakpoint
CREATE TABLE "prompt_versions" (
	"session_token" text NOT NULL,
	"saved_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"prompt" text,
	"saved_by" text NOT NULL,
	CONSTRAINT "prompt_versions_pkey" PRIMARY KEY("session_token","saved_at"),
	CONSTRAINT "prompt_versions_session_token_student_configs_session_token_fk" FOREIGN KEY ("session_token") REFERENCES "student_configs"("session_token") ON DELETE cascade
);
