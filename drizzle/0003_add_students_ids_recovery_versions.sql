-- What the page and the console need. Where a predecessor has a column of one of these names, it is adopted as the first
-- migration adopts the others. Every student there is gets an id of their own.

ALTER TABLE "workshops" ADD COLUMN "seats" integer;
--> statement-breakpoint
ALTER TABLE "student_configs"
	ADD COLUMN IF NOT EXISTS "student_id" text,
	ADD COLUMN IF NOT EXISTS "recovery_digest" text;
--> statement-breakpoint
UPDATE "student_configs" SET "student_id" = gen_random_uuid()::text, "recovery_digest" = NULL;
--> statement-breakpoint
ALTER TABLE "student_configs"
	ALTER COLUMN "student_id" SET DEFAULT gen_random_uuid()::text,
	ALTER COLUMN "student_id" SET NOT NULL,
	ALTER COLUMN "recovery_digest" DROP NOT NULL,
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
	CONSTRAINT "prompt_versions_session_token_student_configs_session_token_fk" FOREIGN KEY ("session_token") REFERENCES "public"."student_configs"("session_token") ON DELETE cascade
);
