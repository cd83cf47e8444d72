ALTER TABLE "student_configs" ADD COLUMN IF NOT EXISTS "adopted_updated_at" timestamp;
