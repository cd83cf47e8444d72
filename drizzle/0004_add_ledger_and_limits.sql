CREATE TABLE "charges" (
	"call_id" text NOT NULL,
	"seq" integer NOT NULL,
	"revision" integer NOT NULL,
	"session_token" text,
	"workshop_id" text,
	"at" timestamp with time zone NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"payer" text NOT NULL,
	"model" text NOT NULL,
	"usage" jsonb NOT NULL,
	"line_ms" integer NOT NULL,
	"raw_usage" text,
	"upstream_id" text,
	"price_version" text NOT NULL,
	"cost_micro_usd" bigint,
	CONSTRAINT "charges_pkey" PRIMARY KEY("call_id","seq")
);
--> statement-breakpoint
ALTER TABLE "student_configs" ADD COLUMN IF NOT EXISTS "own_cap_micro_usd" bigint;--> statement-breakpoint
ALTER TABLE "workshops" ADD COLUMN "fallback_models" jsonb;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_session_token_student_configs_session_token_fk" FOREIGN KEY ("session_token") REFERENCES "public"."student_configs"("session_token") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "charges_session_token_idx" ON "charges" USING btree ("session_token");--> statement-breakpoint
CREATE INDEX "charges_workshop_id_at_idx" ON "charges" USING btree ("workshop_id","at");