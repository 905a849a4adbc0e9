"""German."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "I": "ich",
    "WE": "wir man_bei_uns",
    "ME": "mir mich für_mich",
    "MY": "mein meine meinen meinem meiner meines unser unsere unseren unserem unserer unseres",
    "YOU": "du ihr",
    "YOUR": "dein deine deinen deinem deiner eure euer",
    "THEY": "er sie_sagt sie_meint",
    "PERSON": """kollege kollegin kollegen chef chefin schwester bruder mutter vater mann frau freund freundin freunde nachbar nachbarin
        lehrer lehrerin leute menschen person jemand entwickler studenten kunden kunde teams autor autorin sohn partner partnerin""",
    "SOME": "manche viele einige die_meisten mehrere",
    "BE": "bin ist sind war waren",
    "IS": "heißt heiße heißen lautet liegt besteht gehört kostet läuft hat wohnt arbeitet beginnt endet steht",
    "HAVE": "habe hat haben hatte hatten",
    "WILL": "werde werden wird",
    "WOULD": "würde würden hätte hätten wäre wären könnte könnten",
    "CAN": "kann kannst können",
    "MUST": "muss müssen soll sollst sollen sollte sollten darf darfst dürfen braucht brauchen hat_zu haben_zu",
    "NOT": "nicht nie niemals kein keine keinen keinem",
    "NEG": "",
    "NEVER": "nie niemals nie_wieder nie_mehr",
    "ALWAYS": """immer nie niemals stets ab_jetzt ab_sofort künftig zukünftig in_zukunft von_nun_an grundsätzlich generell jedes_mal jedesmal überall
        von_jetzt_an in_der_regel standardmäßig ausnahmslos auf_keinen_fall unter_keinen_umständen nie_wieder nie_mehr prinzipiell dauernd ständig ab_heute""",
    "FUTURE": "ab_jetzt ab_sofort künftig zukünftig in_zukunft von_nun_an von_jetzt_an ab_heute grundsätzlich standardmäßig",
    "USUALLY": """meistens normalerweise gewöhnlich meist oft selten in_der_regel generell im_allgemeinen montags dienstags mittwochs donnerstags freitags
        samstags sonntags jeden_tag täglich wöchentlich monatlich jede_woche""",
    "EACH": "jede jeder jedes jeden jedem alle allen alles niemand nichts jegliche",
    "EVERY": "jede jeder jedes jeden jedem",
    "ONCE": """diesmal dieses_mal fürs_erste vorerst vorläufig im_moment heute hier momentan ausnahmsweise nur_einmal in_diesem in_dieser für_diesen
        für_dieses für_diese gerade jetzt erstmal erst_mal noch morgen_früh bis_morgen zurzeit zunächst kurz""",
    "SCOPE": "in_diesem_projekt in_diesem_repo für_dieses_projekt in_dieser_firma",
    "THIS": "das dies diese dieser dieses diesen diesem es",
    "THE": "der die den dem des das",
    "A": "ein eine einen einem einer",
    "ORD": "erste ersten zweite zweiten dritte dritten letzte letzten nächste nächsten vorige andere anderen",
    "NUMBER": "zwei drei vier fünf sechs sieben acht neun zehn",
    "LIKE": """gefallen_mir gefällt_mir mag mögen bevorzuge bevorzugt bevorzugen liebe lieben hasse hassen am_liebsten lieber lieblings gefällt gefallen leiden ausstehen
        ziehe_vor schätze verabscheue lieblingssprache lieblingsfarbe lieblingsessen bevorzugte hätte_gern hätte_lieber würde_lieber""",
    "V2": "leiden ausstehen am_liebsten lieber",
    "COMPARE": "besser lieber leichter schneller klarer angenehmer übersichtlicher einfacher verständlicher schöner mehr_als",
    "FIND": "finde finden lerne lese",
    "HARD": "schwer anstrengend leicht einfach nervig verwirrend hilfreich nützlich mühsam unübersichtlich störend",
    "WANT": "will wollen möchte möchten brauche brauchen hätte_gerne suche suchen wünsche wollte",
    "TO_ME": "gefallen_mir gefällt_mir nervt_mich stört_mich nerven_mich stören_mich liegt_mir liegen_mir passt_mir_besser",
    "HOW_I": "wie_ich wie_wir",
    "DECIDE": """entschieden beschlossen entschlossen einigten geeinigt gewählt ausgewählt bleiben_bei bleiben_wir_bei setzen_auf steigen_um
        umgestiegen wechseln_zu festgelegt nehmen_künftig verzichten_auf umsteigen haben_uns_auf entscheidung setze_auf bleibe_bei steige_um umstellen
        stellen_um wechsle_zu verabschieden_uns""",
    "SURE_DECIDE": "entscheidung",
    "ADOPT": "nehmen verwenden benutzen bleiben wechseln setzen",
    "LET": "lass_uns lasst_uns",
    "STYLE": """sei fass_dich verwende benutze nutze schreib schreibe antworte antwort nenn nenne halte halt vermeide achte sprich zitiere gib nimm runde denk denke frag frage
        hör merk bleib beachte duze sieze formatiere verzichte stell bevorzuge verweise beginne erwähne""",
    "STRONG": "nenn_mich duze_mich merk_dir denk_daran denk_dran achte_darauf vermeide frag_mich hör_auf verzichte_auf sprich_mich stell_sicher duz_mich sag_mir_bescheid verwende_keine benutze_keine nutze_keine",
    "NAMING": "nenn_mich duze_mich sprich_mich duz_mich",
    "DO": """schreib mach mache übersetze erstelle zeig zeige lies prüfe fasse füge lösche ändere korrigiere sortiere liste erkläre such suche berechne
        vergleiche kürze entwirf lass nimm gib sag starte öffne wiederhole versuch probier erzähl hilf baue zeichne bestelle buche schick sende
        runde markiere trenne ergänze schlag empfiehl führe setz setze leg zähl nenne beschreib""",
    "ONLY": "nur ausschließlich",
    "WHEN": "wenn falls bevor sobald immer_wenn solange nachdem ehe sofern",
    "IF": "wenn falls",
    "SUB": "dass weil da ob welche der_die wenn bevor während obwohl damit sobald falls",
    "WHQ": "was wann wo wer welche welcher welches warum wieso weshalb wie wohin woher wozu",
    "AUXQ": "kannst könntest könnten sollte soll sollen ist sind hast haben hat darf muss würdest wirst machst willst magst findest gibt",
    "HYPO": "angenommen stell_dir_vor nehmen_wir_an gesetzt_den_fall theoretisch stellen_wir_uns_vor wäre hätten wären",
    "HEDGE": "vielleicht eventuell möglicherweise irgendwann womöglich könnte könnten überlege überlegen weiß_nicht bin_nicht_sicher eines_tages vermutlich",
    "HERE": "hier",
    "WE_MY": "unser unsere unseren unserem unserer unseres",
    "BAN": "bitte_immer bitte_nie bitte_niemals bitte_stets auf_keinen_fall bitte_künftig bitte_ab_jetzt bitte_grundsätzlich",
    "SMALL": "kein_problem keine_ahnung keine_sorge kein_ding kein_stress keine_eile mach_weiter weiter_so mach_das_so schon_gut gern_geschehen keine_frage wie_immer keine_änderung mag_sein",
    "THANKS": "danke dankeschön vielen_dank merci",
    "ASSENT": "ok okay ja genau gut prima super klar passt stimmt alles_klar einverstanden",
    "GOOD": "super toll prima klasse perfekt wunderbar großartig gut schön genial fantastisch hervorragend",
    "NO": "nein nee ne nö",
    "ACTUALLY": "eigentlich tatsächlich korrektur",
    "WRONG": "stimmt_nicht falsch nicht_richtig nicht_korrekt irrtum veraltet",
    "AGAIN": "schon_wieder ständig dauernd",
    "INSTEAD": "nicht statt sondern anstatt",
    "SHOULD_HAVE": "hätte sollen",
    "SLIP": "ups hoppla ich_meinte meinte sorry_falsches falsches_fenster verschrieben vertippt mein_fehler",
    "BAD": "fehler abgestürzt gelöscht weg kaputt verloren wieder stunden absturz heute_noch_gefehlt",
    "IRONY": "genau_das_hat genau_das_habe hat_mir_gerade_noch na_toll na_super na_prima na_wunderbar na_klasse hat_gerade_noch_gefehlt noch_gefehlt ganz_toll",
    "SAY": "sagt sagte schreibt schrieb meint meinte behauptet laut steht heißt_es empfiehlt besagt lautet_die",
    "DOC": """mail e-mail nachricht seite webseite artikel dokumentation handbuch buch log protokoll ausgabe vertrag brief notiz anleitung
        bericht ticket beschreibung text absatz dokument pdf kommentar fehlermeldung forum datei leitfaden vorlage readme""",
    "TASK_DOC": "fasse übersetze korrigiere lies prüfe folgende folgenden folgendes zusammenfassen weitergeleitet beantworte kopiert",
    "BELOW": "folgende folgenden folgendes unten",
    "RULE": "regel regeln vorlieben wünsche vorgaben",
    "NAMED": "heißt heiße heißen genannt",
    "STATE": "läuft liegt besteht wohnt arbeitet nutzt verwendet kostet beginnt öffnet schließt gehört basiert gehostet geschrieben",
    "ROLE": "leitet verantwortet betreut kümmert verwaltet übernimmt macht ist_unser ist_unsere ist_mein ist_meine",
    "LIFE": "umgezogen geheiratet gezogen geboren angefangen gewechselt studiert gelernt gekündigt aufgehört",
    "SINCE": "seit noch_nie jahren nie niemals schon_immer",
    "TRAIT": "allergisch vegetarier vegetarierin vegan veganer veganerin verheiratet geschieden selbstständig zuständig diabetiker diabetikerin aus von",
    "PLACE": "in bei als auf mit im am",
    "MOMENT": """müde zurück sicher unsicher hungrig beschäftigt fertig krank froh gespannt verwirrt problem frage fehler gleich dran spät eilig
        glücklich traurig keine_zeit einverstanden begeistert genervt""",
    "THINK": "denke glaube weiß meine finde hoffe verstehe sehe dachte glaub vermute möchte will brauche muss kann werde würde hätte wollte sollte frage danke bitte meinte komme",
    "PAST": "war hatte ging sah machte kam fand gab las schrieb sagte wurde bekam wollte dachte nahm ließ stand gemacht gesehen gelesen probiert geschickt hochgeladen getestet",
    "FAIL": "schlägt fehlgeschlagen fehl kaputt rot falsch fehler geht_nicht funktioniert_nicht klappt_nicht hängt fehlt zu_lang zu_kurz funktioniert",
    "KEEP_ON": "weiter_so_bitte mehr_davon genau_so_mag genau_so_will so_mag_ich so_will_ich mach_das_immer immer_so genau_so_weiter",
    "HELPED": "sehr_geholfen wirklich_geholfen hilft_sehr sehr_hilfreich",
    "LOVE_HOW": "gut_dass_du schön_dass_du mir_gefällt_wie gefällt_mir_wie ich_mag_wie mag_es_wie",
    "SPELL": "mit_e mit_y mit_c mit_k mit_z mit_h mit_ai mit_ei mit_ck mit_tz mit_zwei buchstabiert geschrieben schreibt_sich ohne_h",
    "BELONG": "gehören gehört kommen kommt",
    "FORBID": "verboten untersagt tabu pflicht vorgeschrieben",
    "IMPORTANT": "wichtig",
    "NONE_OF": "keine kein keinen",
    "POLITE": "bitte",
    "ADV": "schon auch nur gern gerne sehr ja doch hier noch eben",
    "HABIT": """wohne arbeite bin heiße unterrichte spreche lebe fahre nutze verwende benutze trage esse trinke habe schreibe studiere spiele kaufe leite
        betreue koche schlafe zahle""",
    "PRESENT": "fahre kann arbeite wohne nutze habe bin trinke esse nutzen arbeiten haben deployen",
    "FILLER": """bitte und aber auch also dann ach übrigens ja ok okay danke gut super prima nein außerdem zudem generell perfekt toll gern passt so
        ehrlich_gesagt sonst""",
    "OPENER": "nein nee ja ok okay danke super gut perfekt prima toll stimmt_nicht falsch übrigens ach na also sieht_gut_aus passt_so eigentlich",
    "COMMA": ", ， 、",
    "CONJ": "und aber oder",
    "GROUP": "team vorstand firma geschäftsführung leitung rat gremium familie",
}
ENDINGS: Final[tuple[tuple[str, str], ...]] = ()
SPLITS: Final = "und aber sondern denn"
"""Conjunctions after which another clause may start."""
STARTS: Final = (
    "bitte gib ich wir mein unser immer nie niemals ab in_zukunft verwende schreib nutze denk achte frag vergiss"
)
"""What starts a clause after such a conjunction without a comma."""
