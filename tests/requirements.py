"""The promises of the design, each under an id, with the tests that prove it; ``test_requirements.py`` holds both sides to it."""

PROMISES: dict[str, tuple[str, tuple[str, ...]]] = {
    "no-key": ("The desk does its main job with no key and no network.", (
        "acceptance/test_demo.py::test_the_demo_twice_revises_once", "acceptance/test_demo.py::test_the_watch_sees_an_attempt")),
    "no-number-without-source": ("A figure resolves to a result or a quote, else it is marked.", (
        "orchestrator/test_grounding.py::test_an_invented_number_is_marked_and_the_statement_survives",
        "agents/test_model_turn.py::test_an_invented_number_is_sent_back_once_and_what_stays_is_marked",
        "agents/test_model_turn.py::test_an_invented_number_in_a_proposal_is_sent_back_and_then_marked")),
    "quotes-open": ("Every quote stands in the record and the file it names.", (
        "acceptance/test_example_desk.py::test_the_first_run_revises_theses_with_quotes_that_open_their_source",
        "agents/test_model_turn.py::test_a_person_is_answered_in_cited_prose_whose_quotes_open")),
    "nothing-destroyed": ("Memory, theses and decisions are append-only.", (
        "memory/test_store.py::test_a_stored_record_cannot_be_rewritten",
        "acceptance/test_verify.py::test_the_database_itself_refuses_to_edit_or_delete_the_record")),
    "verify": ("One changed byte of the record is found.", (
        "memory/test_book.py::test_one_changed_byte_of_a_stored_revision_is_found",
        "acceptance/test_verify.py::test_no_character_of_a_revision_can_be_changed_unseen")),
    "as-of": ("A run as of a day sees nothing known later.", (
        "acceptance/test_as_of.py::test_no_evidence_no_figure_and_no_revision_rests_on_what_was_known_later",
        "memory/test_store.py::test_what_is_known_later_is_not_seen_earlier")),
    "nothing-twice": ("Kill any process at any instant: the run goes on, and nothing is there twice.", (
        "acceptance/test_record.py::test_killed_four_times_at_random_instants_a_run_ends_as_if_undisturbed",
        "acceptance/test_model_run.py::test_killed_at_a_call_and_resumed_in_a_new_process_only_the_rest_is_asked",
        "orchestrator/test_engine.py::test_who_lost_its_run_writes_neither_effect_nor_state")),
    "people-hold-the-pen": ("What matters waits for a person, once, bound to a revision.", (
        "orchestrator/test_permissions.py::test_only_small_moves_and_a_challenge_pass_without_a_person",
        "agents/test_model_turn.py::test_a_judgement_beyond_the_rules_waits_for_a_person",
        "acceptance/test_approvals.py::test_a_stale_question_is_refused_in_a_sentence_and_no_longer_holds_its_run")),
    "outside-is-data": ("What came from outside is data, never an order.", (
        "agents/test_model_turn.py::test_what_a_document_orders_is_not_done_and_the_attempt_is_seen",)),
    "any-size": ("The same code runs on SQLite in one process and on PostgreSQL with workers.", (
        "conformance/test_run_queue.py::test_a_run_is_never_advanced_by_two_at_once",
        "orchestrator/test_workers.py::test_a_worker_frozen_in_the_midst_of_a_request_does_not_keep_its_run_from_the_others",
        "orchestrator/test_workers.py::test_with_one_worker_killed_and_one_frozen_midway_every_run_ends_and_every_effect_is_there_once")),
    "two-languages": ("The right passage is found in English and Chinese.", (
        "memory/test_recall.py::test_recall_at_five_is_at_least_four_fifths_in_each_language",)),
    "facts": ("Numbers with units are read in both languages, each with its span.", (
        "memory/test_facts.py::test_spans_open_their_place_and_never_overlap",)),
    "bad-input": ("Bad input is one clear sentence; the rest goes on.", (
        "acceptance/test_bad_input.py::test_broken_files_are_named_and_the_rest_goes_on",
        "acceptance/test_bad_input.py::test_a_mistake_in_a_thesis_file_is_one_sentence")),
    "eight-calls": ("A full update takes at most eight serial model calls.", (
        "acceptance/test_model_economy.py::test_one_thesis_is_updated_by_five_agents_in_at_most_eight_serial_calls",)),
    "cache": ("Three quarters of the input come from the prompt cache.", (
        "acceptance/test_model_economy.py::test_three_quarters_of_the_input_come_from_the_cache_and_three_fifths_in_the_discussion",)),
    "ledger": ("The ledger equals the service's bill, faults included.", (
        "acceptance/test_model_run.py::test_faults_that_pass_leave_the_run_as_it_would_have_been_and_the_ledger_equals_the_bill",
        "integrations/models/test_client.py::test_a_fault_that_passes_is_asked_again_and_every_billed_attempt_is_on_the_ledger")),
    "budget": ("A limit holds before the call that could pass it.", (
        "integrations/models/test_client.py::test_a_limit_holds_before_the_call_that_could_pass_it",
        "acceptance/test_model_run.py::test_a_budget_that_is_used_up_stops_the_run_which_a_higher_one_ends")),
    "local-models": ("Evidence reaches the model under every profile of endpoint.", (
        "integrations/models/test_capabilities.py::test_evidence_reaches_the_model_under_every_profile",)),
    "replay": ("A run is replayed from its receipts with no model, bit for bit.", (
        "agents/test_model_turn.py::test_a_run_is_replayed_from_its_receipts_with_no_model",)),
    "secrets": ("No secret in a prompt or a receipt.", (
        "integrations/models/test_client.py::test_a_key_in_a_prompt_never_leaves",
        "integrations/models/test_client.py::test_an_answer_leaves_a_receipt_that_says_who_asked_and_what_it_cost")),
    "slack": ("In Slack every event is handled once and every post is there once, whatever is cut or killed.", (
        "integrations/slack/test_nothing_lost.py::test_every_event_is_answered_once_and_in_order_through_cuts_and_kills",
        "integrations/slack/test_delivery.py::test_an_event_that_cannot_be_written_is_not_acknowledged_and_is_answered_when_it_comes_again",
        "integrations/slack/test_delivery.py::test_after_a_crash_between_sent_and_marked_the_history_decides")),
    "slack-approval": ("An approval waits over a restart, is given by a button, and lands once under a name.", (
        "integrations/slack/test_approvals.py::test_it_waits_over_a_restart_is_approved_by_button_and_lands_once_with_the_approvers_name",
        "integrations/slack/test_approvals.py::test_a_stale_click_is_refused_with_the_current_diff_and_the_message_says_so",
        "integrations/slack/test_approvals.py::test_a_person_without_the_right_is_refused_and_told_who_has_it")),
    "slack-talk": ("A talk of agents and people, from a price to an approved change, reads as it should.", (
        "integrations/slack/test_script.py::test_a_price_an_objection_an_interruption_a_proposal_an_edit_and_an_approval",)),
    "kills": ("Runs with approvals survive kill -9 on both databases, through the public commands.", (
        "acceptance/test_kills.py::test_whatever_is_killed_nothing_is_lost_or_doubled_and_no_answer_goes_to_another_question",)),
    "schedules": ("A schedule fires as its policy says, over daylight saving, holidays and downtime.", (
        "orchestrator/test_schedule.py::test_three_days_of_downtime_are_made_good_as_the_policy_says",
        "orchestrator/test_timetable.py::test_each_local_date_is_planned_exactly_once_in_order",
        "orchestrator/test_schedule.py::test_two_tickers_at_once_enter_a_run_once")),
    "checkpoints": ("What is kept of a long run grows as what its steps added.", (
        "orchestrator/test_engine.py::test_what_is_kept_of_a_long_run_grows_as_what_its_steps_added",)),
    "outages": ("A database that is away and a full disk stop nothing for good.", (
        "acceptance/test_kills.py::test_a_run_in_whose_middle_the_database_goes_away_ends_as_if_it_had_not",
        "orchestrator/test_failures.py::test_a_run_goes_on_where_it_was_when_the_database_is_back",
        "orchestrator/test_failures.py::test_on_a_full_disk_a_run_stops_with_a_sentence_and_goes_on_when_there_is_room")),
    "moving": ("A desk moves to PostgreSQL and back and keeps every row.", (
        "acceptance/test_moving.py::test_a_desk_moves_to_postgresql_and_back_and_keeps_every_row_and_every_open_question",)),
    "watching": ("Runs, agents, tools and model calls can be watched, and no text leaves that way.", (
        "integrations/watching/test_telemetry.py::test_a_run_is_a_tree_of_its_agents_their_tools_and_model_calls_with_tokens_and_cost",
        "integrations/watching/test_watching.py::test_metrics_are_prometheus_text_and_count_what_the_tables_hold")),
    "right-to-the-digit": ("What the desk computes agrees with published values.", (
        "agents/quant/test_contracts.py::test_the_american_premium_that_andersen_lake_and_offengenden_give_to_twelve_digits",
        "agents/quant/test_options.py::test_published_prices_are_found",
        "agents/quant/test_structures.py::test_the_butterfly_at_two_fifty_needs_a_flat_volatility_of_83_per_cent")),
    "contradictions": ("The contradictions of the fact sheet are found with their numbers, and true claims raise no alarm.", (
        "agents/quant/test_consistency.py::test_the_five_contradictions_of_the_fact_sheet_are_found_with_their_numbers",
        "agents/quant/test_consistency.py::test_claims_that_all_hold_in_one_world_raise_no_alarm")),
    "point-in-time": ("A read as of a day never returns what was known later.", (
        "memory/test_point_in_time.py::test_every_read_at_a_random_day_holds_only_what_was_known_then",)),
    "real-files": ("Each defect of the real files is found where it is, and nowhere else.", (
        "memory/quality/test_real_files.py::test_a_defect_is_found_where_it_is_and_nowhere_else",)),
    "walls": ("Agents' code is contained, and every wall is shown to matter by removing it.", (
        "sandbox_attacks/test_attacks.py::test_an_attack_is_contained_with_the_right_reason",
        "sandbox_attacks/test_attacks.py::test_an_honest_script_works",
        "sandbox_attacks/test_walls.py::test_without_its_wall_an_attack_gets_through")),
    "permissions": ("Every tool call passes one check, and no document can widen it.", (
        "orchestrator/test_tool_permissions.py::test_deny_wins_wherever_it_stands",
        "acceptance/test_permissions.py::test_an_agent_that_a_document_tells_to_widen_its_permissions_cannot",
        "acceptance/test_permissions.py::test_a_yes_for_good_writes_the_rule_and_shows_it_and_one_changed_byte_asks_again")),
    "index-repairs": ("A damaged, copied or foreign index is noticed and built again from the records.", (
        "integrations/test_crashes.py::test_an_indexer_that_is_killed_loses_nothing",
        "integrations/test_crashes.py::test_a_folder_that_is_not_what_it_was_is_noticed_and_built_again_from_the_records")),
    "joining": ("Others join over MCP with a token each, and what they write waits for a person.", (
        "integrations/mcp/test_server.py::test_over_http_each_person_writes_under_their_own_name",
        "integrations/mcp/test_server.py::test_a_stranger_is_refused",
        "integrations/mcp/test_server.py::test_a_suggestion_waits_for_a_person_and_changes_nothing_before")),
    "outside-tools": ("Tools of other servers are approved as they are, and their answers move nothing.", (
        "integrations/mcp/test_client.py::test_a_tool_that_changes_after_its_approval_is_asked_about_again",
        "integrations/mcp/test_turn.py::test_a_poisoned_answer_triggers_no_write_and_sends_nothing_on")),
    "board": ("Read, discuss, approve, and see the revision appear live, for everybody and on every page.", (
        "integrations/board/test_browser.py::test_read_discuss_approve_and_the_revision_appears_live_in_a_second_tab",
        "integrations/board/test_browser.py::test_no_page_has_a_serious_finding_of_axe",
        "integrations/board/test_pages.py::test_every_answer_carries_a_strict_policy_and_no_page_holds_script_or_style_of_its_own")),
    "replay-period": ("A replay over months knows only what was known, and is the same each time.", (
        "integrations/test_replay_period.py::test_two_replays_are_the_same_byte_for_byte_and_the_desk_is_not_touched",
        "integrations/test_replay_period.py::test_on_real_prices_the_oil_falsifier_fires_in_2026_and_not_before_the_price_was_known")),
    "third-party": ("A third party verifies the record with a short script and Python alone.", (
        "integrations/test_export.py::test_a_third_party_checks_the_record_with_fifty_lines_and_python_alone",)),
}  # fmt: skip
