"""English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "I": "i",
    "WE": "we us",
    "ME": "me myself for_me to_me with_me",
    "MY": "my mine our ours",
    "YOU": "you",
    "YOUR": "your",
    "THEY": "he she they him them",
    "PERSON": """colleague colleagues coworker boss manager sister brother mother father mum mom dad wife husband partner
        friend friends neighbour neighbor landlord teacher professor son daughter kids children people person someone
        somebody everyone everybody developers engineers author authors teams companies
        others guy guys folks experts cousin aunt uncle grandma roommate flatmate team-mate teammate""",
    "SOME": "something some many most few several",
    "BE": "am is are 'm 're 's be was were",
    "HAVE": "'ve_got have_got have has 've had",
    "DO_AUX": "do does did",
    "WILL": "will 'll shall wo",
    "WOULD": "would 'd",
    "CAN": "can ca cannot",
    "MUST": """must should need_to needs_to have_to has_to ought_to may_not are_to is_to be_required_to needs
        shouldn mustn has_got_to got_to""",
    "NOT": "not n't no_longer any_more anymore",
    "NEVER": "never",
    "ALWAYS": """always never ever from_now_on going_forward from_here_on in_future in_the_future in_general generally
        as_a_rule by_default everywhere at_all_times every_time each_time whenever every_single_time without_exception
        from_today from_today_on at_any_time under_any_circumstances under_no_circumstances all_the_time from_this_point_on
        from_then_on in_all_cases no_matter_what consistently invariably automatically each_and_every henceforth
        for_good permanently every_single""",
    "TO_ME": """drives_me annoys_me bothers_me annoy_me bother_me irritates_me irritate_me drive_me suits_me suit_me works_best_for_me
        work_best_for_me works_better_for_me work_better_for_me works_for_me work_for_me helps_me n't_work_for_me easiest_for_me
        easier_for_me fine_with_me""",
    "HOW_I": "how_i how_we",
    "WERE": "were",
    "COMMA": ", ， 、",
    "TO": "to",
    "NAMING": "call_me address_me",
    "SURE_DECIDE": "that_'s_final it_'s_final decision final_decision the_plan_is",
    "HABIT": """live work teach use run write speak study own play drive pay host deploy ship manage code commute cook bake eat drink
        sell grow keep handle lead maintain start finish bill charge sign go come sleep wake train belong rent practise practice
        support develop report attend publish take operate store wear send meet call make read put cut set eat""",
    "FUTURE": """from_now_on going_forward from_here_on in_future in_the_future as_a_rule by_default henceforth from_today
        from_today_on as_of starting_from effective from_monday_on from_tomorrow_on from_this_point_on from_then_on in_general without_exception""",
    "BELOW": "following below",
    "RULE": "rule rules preference preferences requirements convention conventions wishes ground_rules house_rules habits",
    "NAMED": "called named name spelled spelt",
    "GROUP": "board team company committee management family group council department board_members leadership",
    "USUALLY": """mornings afternoons evenings weekends usually normally typically mostly mainly tend_to tends_to often rarely seldom hardly_ever
        every_day every_week every_month every_year on_mondays on_tuesdays on_wednesdays on_thursdays on_fridays
        on_saturdays on_sundays every_night every_morning every_evening every_monday every_tuesday every_wednesday every_thursday every_friday
        every_saturday every_sunday every_other every_second every_few each_year each_month each_week each_day every_quarter every_hour every_spring every_summer every_autumn every_winter
        once_a_week once_a_day once_a_month once_a_year twice_a_week twice_a_year quarterly yearly annually every_two every_three every_four every_six every_90 every_30 every_60 every_15 every_10 every_5
        every_time_a on_weekends at_weekends on_weekdays fortnightly per a_month a_year a_week weekly daily monthly""",
    "EACH": "every each all any nobody no_one nobody_here no_one_here everyone_here everyone everything nothing anything no_more",
    "EVERY": "every each",
    "ONCE": """yesterday last_night an_hour_ago minutes_ago hours_ago a_minute_ago this_time this_once just_once for_now for_today for_the_moment at_the_moment right_now for_the_time_being
        temporarily this_one that_one these_two those_two in_this for_this on_this in_that for_that on_that today tonight yet
        here just_here only_here meanwhile until_then for_a_moment until_tomorrow this_week this_morning this_afternoon
        this_evening just_now currently_trying one_time one-time tomorrow for_once as_an_exception exceptionally
        in_the_current for_the_current in_today's for_tonight""",
    "SCOPE": """in_this_project in_this_repo in_this_repository in_this_codebase in_this_house in_this_company in_this_team
        for_this_project for_this_repo for_this_client for_this_customer on_this_project on_this_team in_this_household
        in_this_family in_this_office in_this_workspace in_this_lab at_this_company on_this_machine""",
    "THIS": "this that it these those one ones",
    "THE": "the",
    "A": "a an more_of_a more_of_an",
    "ORD": "first second third fourth fifth last next previous other other_one",
    "NEED": "need needs needed",
    "NUMBER": "two three four five six seven eight nine ten eleven twelve hundred thousand",
    "LIKE": """prefer prefers like likes love enjoy hate dislike detest favour favor adore loathe despise 'd_rather
        would_rather 'd_sooner 'd_prefer would_prefer ca_n't_stand can't_stand cannot_stand lean_towards lean_toward fan_of
        fond_of not_keen keen_on big_on partial_to can't_bear ca_n't_bear do_n't_care_for have_no_patience_for rather_have
        have_a_soft_spot allergic_to_the_word favourite favorite loves hates enjoys dislikes preference pet_peeve drives_me annoys_me bothers_me
        annoy_me bother_me irritates_me irritate_me drive_me suits_me suit_me works_best_for_me work_best_for_me
        works_better_for_me work_better_for_me works_for_me work_for_me helps_me help_me_most
        n't_work_for_me easiest_for_me easier_for_me""",
    "COMPARE": "better easier faster clearer nicer harder more_than rather_than over too_many_for_me too_much_for_me more",
    "FIND": "find learn read remember work_best think_best think_better work_better focus_better sleep_better learn_better concentrate",
    "HARD": "hard easy easier distracting annoying confusing useful helpful tedious clearer unreadable noisy difficult tiring",
    "WANT": """want need wanted needed would_like 'd_like looking_for have_to has_to 've_got_to wish ask asking want_to
        wanna gotta must""",
    "DECIDE": """decided decide settled_on settled_for settle_on chose chosen opted opt_for agreed agreed_to agreed_on
        going_with gone_with went_with go_with going_for went_for ended_up ending_up picked picking sticking_with stick_with
        stuck_with switched_to switching_to switch_to moving_to migrating_to migrated_to moved_over_to standardised_on standardized_on
        standardising_on standardizing_on standardise_on standardize_on dropping dropped ditching ditched adopting adopted made_up_my_mind
        decision committed_to committing_to phasing_out rolled_out signed_off_on that_'s_final it_'s_final final_decision done_with the_plan_is it_will_be finished_with through_with saying_goodbye_to parting_with ruled_out
        ruling_out resolved_to voted_to voted_for voted_against landed_on went_ahead_with going_ahead_with selected concluded
        replacing replaced abandoning abandoned retiring moving_away moved_away moving_off moving_from converging_on
        converged_on sunsetting discontinuing no_longer_support""",
    "ADOPT": """go_with use stick_with stick_to switch_to adopt standardise_on standardize_on settle_on drop keep_using move_to
        choose pick be support migrate keep stay close open buy hire rent sell outsource discontinue remain""",
    "LET": "let_'s let_us lets",
    "STYLE": """address use keep stick stop avoid remember make_sure ensure be_sure prefer call_me address_me answer reply respond
        speak talk cite quote spell abbreviate round format capitalise capitalize number label double-check favour favor assume
        treat refrain be take_care mind bear_in_mind keep_in_mind note name include refer ask_me tell_me_before warn_me
        let_me_know check_with_me only""",
    "STRONG": """spare_me enough_with no_need_to no_need_for lose_the call_me address_me remember make_sure ensure be_sure avoid refrain stop ask_me check_with_me keep_in_mind
        bear_in_mind take_care quit""",
    "DO": """follow say ask write translate summarise summarize fix add run rename move remove delete draft give show find sort check explain
        list compare create generate build make put try change set get look start begin open close send book order plan
        continue go do shorten extend rewrite update refactor review read tell help suggest recommend compute calculate convert
        print plot draw design test deploy install merge rebase commit push pull skip drop leave replace insert wrap split
        show_me give_me search turn take bring cut paste save undo redo repeat finish point describe outline expand proofread
        correct edit combine extract ignore wait hold schedule remind prepare mention start_with end link attach sign name
        quote state flag default escape mark pick propose offer log document annotate mix stir bake serve back_up estimate hide return
        pass apply group cross-check verify validate provide present structure phrase escalate route forward vectorise vectorize""",
    "ONLY": "only",
    "WHEN": "when whenever if before after once unless while until where anytime as_soon_as every_time each_time wherever",
    "IF": "if",
    "SUB": "that because since which who whom whose what how why than as so_that unless until before when if where",
    "WHQ": "what when where which who whose why how what's",
    "AUXQ": "do does did is are was were can could would will should shall has have had may might am",
    "HYPO": """suppose supposing imagine pretend hypothetically let_'s_say say_we assuming what_if in_theory wish if_only
        theoretically as_if as_though""",
    "HEDGE": """maybe perhaps possibly probably_should i_guess who_knows not_sure someday some_day at_some_point
        not_certain unsure thinking_of thinking_about considering wondering tempted toying supposedly considered
        not_decided n't_decided have_n't_decided undecided""",
    "MIGHT": "could might",
    "FOR": "for",
    "FAN": "fan_of",
    "KEEP": "keep continue",
    "GOING_TO": "going_to gonna planning_to intend_to plan_to",
    "ANYTHING": "nobody no_one nothing anything anyone anybody everything whoever whatever",
    "WE_MY": "our ours",
    "SPELLED": "spelled spelt spells pronounced",
    "DEFINE": "i_mean i_say stands_for is_short_for refers_to means_the",
    "BEGIN": "start begin continue finish finished done ready commit leave have_finished proceed",
    "BUT": "but",
    "YET": "yet now",
    "EVER": "ever",
    "STATIVE": "using living",
    "TITLE": """lead manager head chef director ceo cto cfo owner maintainer contact president chair captain coach principal editor admin
        landlord doctor dentist lawyer accountant tutor supervisor coordinator treasurer secretary dba""",
    "EXPECT": "expect",
    "MANNER": "write put format name spell show mark present state type say label list render display express",
    "TAG": "remember",
    "TOLD": "i_told_you i_already_told_you i_said as_i_said like_i_said i_mentioned as_mentioned i_already_said",
    "DONE": "seen been done gone written known taken given heard found got gotten had become chosen spoken shown",
    "HERE": "here",
    "BAN": "please_always please_never on_no_account under_no_circumstances",
    "SMALL": """no_worries no_problem no_idea no_thanks no_rush never_mind nevermind always_a_pleasure no_clue
        no_wonder no_doubt no_luck no_way you_'re_welcome take_your_time i_'m_good all_good no_big_deal no_offence no_offense
        keep_going keep_it_up stop_it go_on go_ahead good_luck have_a_nice i_love_it love_it like_it i_love_that i_like_that
        like_that_one love_that hate_it hate_this i_love_you well_i_never never_heard_of no_reason no_change no_changes no_difference
        no_questions no_comment no_matter i_use_the_word always_has_been as_always like_always as_ever""",
    "THANKS": "thanks thank cheers thx ta",
    "ASSENT": "ok okay yes yep yeah sure fine right good great perfect awesome alright agreed nice cool lovely excellent",
    "GOOD": "great perfect wonderful brilliant awesome fantastic lovely amazing excellent good nice super marvellous terrific",
    "NO": "no nope nah",
    "ACTUALLY": "actually in_fact correction in_reality",
    "WRONG": """wrong incorrect not_right n't_right not_true n't_true not_correct n't_correct mistaken mistake misread that_'s_wrong
        misspelled misspelt misunderstood outdated out_of_date no_longer_true not_what_i not_how n't_how""",
    "AGAIN": "again keep_forgetting keep_ignoring keep_missing keep_changing keep_calling keep_removing keep_writing keep_using keep_adding keep_saying keep_doing keep_putting keep_making still",
    "INSTEAD": "instead not rather_than but_not as_opposed_to",
    "SHOULD_HAVE": "should_have should_n't_have should_'ve",
    "SLIP": """oops whoops i_meant meant my_bad wrong_window wrong_tab wrong_chat wrong_file typo_on_my ignore_that disregard
        i_mistyped scratch_that ignore_my misclicked fat-fingered""",
    "BAD": """error crash crashed deleted lost gone broken failed failing again another trace retyping wiped outage stack down
        hours bug errors sleep overwritten vanished corrupted late cancelled canceled""",
    "IRONY": """exactly_what_i just_what_i just_what_we exactly_what_we just_how_i just_how_we exactly_how_my yeah_right
        because_nobody as_if_i because_who because_obviously because_clearly exactly_what_my just_what_my what_a_joy
        what_a_surprise how_convenient how_lovely thanks_a_lot thanks_for_nothing so_helpful just_great just_perfect
        oh_great oh_wonderful oh_perfect oh_good oh_joy oh_brilliant oh_fantastic oh_lovely oh_nice oh_sure who_needs who_doesn_'t
        who_does_n't""",
    "SAY": """held ruled says said wrote writes reads claims claimed states told tells according_to argues recommends insists announced
        printed printed_out suggests returned warns asserts advises wrote_back explains teaches""",
    "DOC": """faq mail email e-mail message page website site article blog docs documentation readme manual book log logs output
        stdout stderr terminal contract letter note notes guide paper report ticket description review text paragraph passage
        document pdf post thread transcript chat screenshot comment snippet error forum wikipedia song file brief policy
        template advert newsletter abstract chapter excerpt draft section clause copy memo linter console guidelines config
        tool command result results response reply quote minutes handbook leaflet spec issue listing poem essay story speech
        slide slides tweet caption prompt""",
    "TASK_DOC": """summarise summarize translate proofread rewrite paraphrase correct edit review explain analyse analyze answer
        reply_to respond_to check look_at read critique classify extract following copied pasted forwarded below shorten fix polish
        improve rephrase what_do_you_think found says""",
    "STATE": """lives live runs run uses use sits belongs contains costs opens closes starts ends listens speaks supports
        expires located hosted based built written limited owned managed deployed stored licensed stands
        consists serves handles owns leads manages maintains reviews approves takes_care is_responsible works founded established
        lies ships talks_to connects points_to depends_on""",
    "ROLE": """handles owns leads manages maintains approves runs takes_care looks_after does is_in_charge in_charge signs_off reviews is_our is_my
        is_the heads oversees works is_responsible looks""",
    "LIFE": """used_to moved relocated married born grew_up joined studied graduated retired inherited adopted diagnosed started
        switched quit_smoking divorced founded trained bought migrated changed promoted turned got_married was_born
        became raised hired enrolled stopped gave_up""",
    "SINCE": "since for_years for_decades for_a_decade years months never always ever",
    "TRAIT": """allergic vegetarian vegan coeliac celiac diabetic from based married single born responsible left-handed
        colour-blind colorblind colour-blind deaf blind dyslexic retired bilingual fluent intolerant lactose pregnant
        self-employed freelance new_to in_charge not_a the_only native originally pescatarian divorced muslim jewish
        catholic hindu teetotal nearsighted gluten""",
    "PLACE": "next_to in on at under from with",
    "MOMENT": """quick careful patient guess point concern hurts aches a_bug the_bug mood tired back sorry busy hungry stuck sure afraid done ready glad happy late lost confused curious sick ill
        getting going trying seeing looking wondering bored impressed surprised worried excited good fine ok okay
        thinking asking hoping sleepy annoyed pleased idea question questions problem issue trouble headache doubt minute
        hurry feeling moment so_far luck chance again aware interested kidding joking serious free available about_to
        in_five_minutes in_ten_minutes in_a_few_minutes in_an_hour in_two_hours soon have_a_meeting got_a_meeting at_step at_line at_page on_page on_line on_step on_the_train on_my_way on_it in_a_hurry in_a_meeting in_the_middle at_work
        on_hold at_lunch at_a_loss in_bed on_a_call on_the_phone hunch stressed exhausted frustrated amazed relieved""",
    "THINK": """see think guess know mean hope wonder understand agree get believe feel suppose imagine assume notice remember
        forget appreciate hear doubt expect promise bet swear find look seem follow recall care try wish
        say ask want need just thought figured realise realize gather wonder tell trust must apply confirm suggest recommend
        mind thank""",
    "PAST": """ran went saw had did said got made took came found gave told wrote read sent put tried left lost met kept began
        brought thought meant felt paid sat stood heard let won broke spent slept ate drank drove flew fell forgot knew
        was were bought built caught hit cut set""",
    "FAIL": """frozen unresponsive offline acting_up runs_out run_out running_out hang die dies freezes times_out time_out timing_out
        go_away complaining leaking flickers attached is_too are_too 's_too was_too were_too shows displays pass passes sounds seems makes_sense looks depends feels compile compiles load loads fails fail failing failed broken red crashes crash hangs stuck wrong too_long too_short typo
        missing slow throws prints works_now down an_error errors_out is_empty is_ok is_fine is_good looks_good looks""",
    "KEEP_ON": """keep_doing keep_this_up keep_that_up more_of_this more_of_that more_like_this more_like_that
        do_that_every do_it_like always_do_it always_do_that do_this_every again_next_time how_i_like how_i_want how_we_like
        stick_with_that stick_to_that every_time do_it_this_way this_way_please the_way_i_like just_like_that do_that_more
        keep_giving keep_using_this like_this_always level_of_detail do_this_again continue_like
        continue_doing do_more""",
    "HELPED": """really_helped helps_a_lot helped_a_lot works_really_well works_well_for worked_really_well really_useful very_helpful
        really_helps was_spot made_it_clear makes_it_easy really_helpful spot_on worked_well is_exactly_the works_great was_exactly_the
        made_all_the_difference much_easier_to super_helpful so_much_clearer exactly_right was_really""",
    "LOVE_HOW": "love_how like_how love_that_you like_that_you love_the_way like_the_way good_that_you liked_how loved_how glad_you appreciate_that_you appreciate_how",
    "SPELL": "spelled spelt spells named pronounced with_a with_an with_two without_a without_an one_word",
    "BELONG": "belong belongs go goes live come comes start end get gets stay stays",
    "FORBID": "forbidden prohibited banned off-limits off_limits not_allowed n't_allowed taboo compulsory mandatory required obligatory",
    "IMPORTANT": "important essential crucial vital",
    "NONE_OF": "no",
    "FORM": """spelling indent indents indentation tabs spaces quotes bullets bullet emojis emoji smileys headings headers
        tone hints docstrings dark_mode light_mode units tense casing lowercase uppercase caps title_case sentence_case camel_case
        snake_case semicolons commas exclamation dashes hashtags jargon buzzwords fluff filler
        puns pleasantries greeting greetings apologies disclaimers caveats preamble markdown bold italics contractions abbreviations
        acronyms footnotes plain_text prose they/them she/her he/him oxford_comma comments imperative_mood imperative active_voice passive_voice answers replies sentences paragraphs english
        metric celsius annotations adjectives adverbs clichés cliches metaphors idioms small_talk sign-offs""",
    "LESS": "less fewer",
    "BANISH": "drop skip lose ditch cut omit leave_out cut_out leave_off remove no_need_for spare_me scrap kill",
    "REMIND": "remember_that keep_in_mind_that bear_in_mind_that note_that don't_forget_that do_n't_forget_that remember_:",
    "NOWADAYS": "these_days nowadays by_now",
    "MOVED": "moved left renamed migrated replaced retired deprecated switched merged became gone sunset discontinued",
    "WORK": """project repo repository codebase module package service app team channel company client department branch product site
        course class blog newsletter column magazine lab office workspace org organisation organization""",
    "ARTIFACT": """file function variable method script folder directory column component test branch class module table snippet query changes commit commits
        draft document doc notebook string error endpoint container server app build pr pipeline spreadsheet sheet essay code""",
    "CONJ": "and but so also then plus or though although",
    "POLITE": "please kindly pls plz",
    "FILLER": """here_'s here_is here_are you_should_know just_so_you_know note_that heads_up fyi for_your_information before_we_go_on before_we_start
        turns_out it_turns_out please kindly pls plz and but so also then plus btw by_the_way fwiw honestly well oh hey hi anyway besides
        just ok okay yes yeah thanks great good perfect to_be_honest tbh look listen furthermore moreover additionally
        one_more_thing reminder note nb ps p.s remember oh_and finally overall personally basically important again
        same_goes do simply really or though yep sure fine nice right cool first second rule""",
    "OPENER": """no nope nah yes yeah yep ok okay thanks great good perfect right fine sure nice cool lovely actually oh well hm hmm
        sorry excellent awesome alright thank_you thank_you_very_much thanks_a_lot cheers so by_the_way btw fwiw wrong correction
        that_'s_wrong not_quite for_the_record""",
}
JOINED: Final[dict[str, str]] = {
    whole: f"{whole[:-cut]} {rest}"
    for cut, rest, members in (
        (1, "'m", "im"),
        (2, "'ve", "ive weve youve theyve"),
        (2, "'re", "youre theyre"),
        (1, "'s", "its thats whats theres heres wheres shes hes"),
        (1, "'d", "id"),
        (
            2,
            "n't",
            "dont doesnt didnt isnt arent wasnt cant wont havent hasnt hadnt shouldnt wouldnt couldnt mustnt neednt",
        ),
    )
    for whole in members.split()
}
"""Contractions as typed without an apostrophe."""
JOINED_BEFORE: Final = """rather sooner prefer like love a an the not called named spelled spelt just always never all been now been
    too so my our your on in at"""
"""Words before which "id" and "its" are contractions."""
ENDINGS: Final[tuple[tuple[str, str], ...]] = (("ing", "ING"), ("ed", "ED"))
SPLITS: Final = "and but so also plus though"
"""Conjunctions after which another clause may start."""
STARTS: Final = "please always never do_n't do_not from_now_on as_a_rule i we my our let_'s in_future make_sure don't going_forward whenever in_general"
"""What starts a clause after such a conjunction without a comma."""
