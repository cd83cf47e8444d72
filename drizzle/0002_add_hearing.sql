-- How an agent hears its callers. Where a predecessor has a column of one of these names, it is adopted as the first
-- migration adopts the others: what cannot be read in it counts as not set, and `null` must be able to clear it.

ALTER TABLE "student_configs"
	ADD COLUMN IF NOT EXISTS "language" text,
	ADD COLUMN IF NOT EXISTS "turn_end" text,
	ADD COLUMN IF NOT EXISTS "patience" text;
--> statement-breakpoint
ALTER TABLE "student_configs"
	ALTER COLUMN "language" DROP NOT NULL,
	ALTER COLUMN "turn_end" DROP NOT NULL,
	ALTER COLUMN "patience" DROP NOT NULL;
