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
}  # fmt: skip
