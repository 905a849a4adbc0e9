"""French."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "I": "je j'",
    "WE": "nous on",
    "ME": "moi me m' pour_moi",
    "MY": "mon ma mes notre nos",
    "YOU": "tu vous t' te",
    "YOUR": "ton ta tes votre vos",
    "THEY": "il elle ils elles",
    "PERSON": """collègue collègues chef cheffe patron patronne soeur sœur frère mère père mari femme ami amie amis voisin voisine prof professeur gens
        personnes quelqu'un développeurs étudiants clients client équipes auteur autrice fils copain copine""",
    "SOME": "certains certaines beaucoup_de la_plupart_des plusieurs quelques",
    "BE": "suis est sont êtes sommes étais était étions étaient",
    "IS": "s'_appelle s'_appellent s'_écrit habite compte coûte tourne commence finit vit a_une a_un a_cinq a_deux a_trois a_quatre travaille utilise se_trouve appartient",
    "HAVE": "ai a avons avez ont avais avait",
    "WILL": "vais va allons",
    "WOULD": "serais serait ferais ferait aurais aurait pourrait pourrais voudrais préférerais_que devrait_être_possible",
    "CAN": "peux peut pouvez pouvons",
    "MUST": "doit doivent dois devez faut il_faut il_ne_faut devons doit_être doivent_être ne_doit devrait devraient",
    "NOT": "pas jamais plus aucun aucune rien",
    "NEG": "ne n'",
    "NEVER": "jamais ne_jamais",
    "ALWAYS": """toujours jamais désormais à_partir_de_maintenant dorénavant à_l'_avenir en_général systématiquement à_chaque_fois chaque_fois partout
        tout_le_temps par_défaut en_toutes_circonstances en_règle_générale sans_exception à_partir_d'_aujourd'hui en_permanence""",
    "FUTURE": "désormais à_partir_de_maintenant dorénavant à_l'_avenir par_défaut en_règle_générale sans_exception",
    "USUALLY": """généralement d'_habitude habituellement souvent rarement en_général tous_les tous_les_jours toutes_les_semaines le_plus_souvent tous_les_mardis
        chaque_semaine chaque_jour chaque_mois""",
    "EACH": "chaque tout tous toute toutes personne aucun aucune",
    "EVERY": "chaque tous_les toutes_les",
    "ONCE": """cette_fois pour_cette_fois pour_l'_instant pour_le_moment ici aujourd'hui juste_cette_fois en_ce_moment dans_ce dans_cette pour_ce pour_cette
        provisoirement temporairement encore ce_soir demain maintenant exceptionnellement celui-ci celle-ci une_fois toujours_pas ce_matin""",
    "SCOPE": "dans_ce_projet dans_ce_dépôt pour_ce_projet dans_cette_équipe",
    "THIS": "ça cela ce c' cette cet ces celui celle",
    "THE": "",
    "A": "un une",
    "ORD": "premier première deuxième second seconde troisième dernier dernière prochain prochaine autre suivant suivante",
    "NUMBER": "deux trois quatre cinq six sept huit neuf dix",
    "LIKE": """préfère préférons préférez aime aimons adore adorons déteste détestons préféré préférée préférés préférerais aime_mieux aime_bien
        n'_aime_pas apprécie préférence ne_supporte_pas horreur""",
    "V2": "",
    "COMPARE": "mieux plus_clair plus_clairs plus_claires plus_clair_que plus_simple plus_facile plus_faciles plus_rapide plus_lisible plus_lisibles plutôt que meilleur plus_agréable",
    "FIND": "trouve trouvons apprends lis",
    "HARD": "difficile pénible fatigant facile gênant utile pratique illisible confus plus_clairs plus_clair plus_lisibles",
    "WANT": "ai_besoin avons_besoin veux voulons besoin voudrais cherche cherchons aimerais souhaite il_me_faut voulais",
    "TO_ME": "m'_énerve m'_énervent m'_agace m'_agacent me_gêne me_gênent me_convient me_conviennent m'_aide",
    "HOW_I": "comme_j' comme_je que_j'_aime",
    "DECIDE": """décidé choisi opté retenu tranché adopté reste_sur restons_sur restera_sur passons_à passe_à partons_sur part_sur abandonnons abandonné migrons décision
        convenu arrêtons_avec gardons_définitivement garde_définitivement voté s'_est_mis_d'accord mis_d'accord basculons renonçons renoncé""",
    "SURE_DECIDE": "décision",
    "ADOPT": "prendre utiliser rester passer adopter garder",
    "LET": "",
    "STYLE": """sois soyez utilise utilisez réponds répondez écris écrivez évite évitez garde gardez cite citez appelle appelez parle parlez pense pensez emploie mets mettez
        arrête arrêtez demande demandez rappelle-toi souviens-toi arrondis indique indiquez tutoie vouvoie préfère tutoie-moi réponds-moi demande-moi appelle-moi
        veille commence termine limite signale""",
    "STRONG": "tutoie-moi tutoyez-moi vouvoie-moi appelle-moi appelez-moi évite évitez arrête arrêtez demande-moi demandez-moi préviens-moi souviens-toi n'_oublie pense_à veille_à parle-moi",
    "NAMING": "tutoie-moi appelle-moi appelez-moi tutoyez-moi",
    "DO": """écris écris-moi traduis fais faites résume corrige trie montre montre-moi donne donne-moi ajoute supprime change vérifie lis explique cherche trouve
        calcule compare génère crée mets enlève retire dis dis-moi essaie continue commence envoie réserve rédige laisse prends ouvre lance
        inclus indique signe propose convertis ignore signale""",
    "ONLY": "seulement uniquement ne_que",
    "WHEN": "quand lorsque si avant_de avant_d' dès_que chaque_fois_que après_avoir à_chaque_fois_que lorsqu'",
    "IF": "si",
    "SUB": "que qu' qui dont parce_que car puisque où quand si comme",
    "WHQ": "que qu'est-ce qui_est quoi quand où pourquoi comment combien quel quelle quels quelles est-ce_que est-ce",
    "AUXQ": "peux-tu pouvez-vous peut-on est-ce es-tu as-tu avez-vous dois-je faut-il pourrais-tu est-il",
    "HYPO": "supposons imaginons imagine admettons en_théorie étions étais hypothétiquement",
    "HEDGE": "peut-être éventuellement un_jour possiblement je_ne_sais_pas pas_sûr pas_sûre pourrait pourrais hésite hésitons sans_doute envisage réfléchis",
    "HERE": "ici",
    "WE_MY": "notre nos",
    "BAN": "merci_de_toujours merci_de_ne_jamais veuillez_toujours toujours_merci sous_aucun_prétexte",
    "SMALL": "pas_de_problème pas_de_souci aucune_idée pas_grave de_rien pas_de_quoi rien_à_dire comme_toujours pas_mal fais_comme_ça pas_de_changement",
    "THANKS": "merci",
    "ASSENT": "ok oui d'accord parfait bien super c'est_bon entendu très_bien",
    "GOOD": "super génial parfait excellent magnifique formidable bravo bien",
    "NO": "non",
    "ACTUALLY": "en_fait en_réalité correction",
    "WRONG": "faux incorrect pas_vrai pas_correct inexact pas_juste trompé trompée erreur",
    "AGAIN": "encore",
    "INSTEAD": "pas plutôt_que au_lieu et_non non_pas",
    "SHOULD_HAVE": "aurait_dû aurais_dû",
    "SLIP": "oups je_voulais_dire mauvaise_fenêtre faute_de_frappe désolé_mauvais",
    "BAD": "erreur planté supprimé perdu encore cassé heures bug vendredi_soir",
    "IRONY": "exactement_ce_qu'_il exactement_ce_que juste_ce_qu'_il il_ne_manquait_plus_que manquait_plus exactement_ce_dont",
    "SAY": "dit disait écrit_que affirme prétend selon d'après indique_que recommande précise déclare demandait stipule",
    "DOC": """courriel mail e-mail message page site article documentation manuel livre journal_de sortie contrat lettre note guide rapport
        ticket description texte paragraphe document pdf commentaire forum fichier modèle objet readme""",
    "TASK_DOC": "résume traduis corrige lis relis suivant suivante transféré réponds_à copié ci-dessous",
    "BELOW": "suivant suivante suivants ci-dessous",
    "RULE": "règle règles préférences souhaits consignes",
    "NAMED": "appelle appelons s'_appelle s'_écrit nommé",
    "STATE": "tourne utilise compte coûte commence ouvre ferme hébergé hébergée écrit basé basée se_trouve habite vit travaille",
    "ROLE": "gère dirige s'_occupe supervise pilote est_notre est_mon est_ma",
    "LIFE": "déménagé marié né née divorcé étudié commencé arrêté rejoint",
    "SINCE": "depuis jamais toujours ans",
    "TRAIT": "gaucher gauchère droitier daltonien daltonienne sourd sourde célibataire divorcé retraité indépendant allergique végétarien végétarienne végane marié mariée né née responsable diabétique intolérant coeliaque",
    "PLACE": "à en dans chez comme sous sur avec au aux de",
    "MOMENT": "tout_de_suite bientôt reviens arrivé crevé crevée fatigué fatiguée désolé désolée sûr sûre content contente prêt prête occupé perdu pressé question problème souci là retard malade faim d'accord ravi ravie",
    "THINK": "pense crois sais vois espère comprends suppose veux voudrais peux dois vais trouve imagine sens ai_besoin viens",
    "PAST": "étais était fait vu lu essayé lancé envoyé testé mis pris dit eu été reçu passé corrigé ajouté",
    "FAIL": "échoue échouent cassé rouge plante erreur marche_pas fonctionne_pas trop_long manque bloqué",
    "KEEP_ON": "continue_comme_ça_à fais_toujours_comme c'_est_comme_ça_que_j' exactement_le_niveau",
    "HELPED": "beaucoup_aidé vraiment_aidé très_utile",
    "LOVE_HOW": "j'_adore_comment j'_aime_ta_façon j'_aime_comment",
    "SPELL": "s'_écrit avec_un avec_une avec_deux sans_h s'_épelle",
    "BELONG": "vont va",
    "FORBID": "interdit interdite interdits obligatoire proscrit",
    "IMPORTANT": "important essentiel crucial",
    "NONE_OF": "pas_de pas_d' aucun aucune",
    "POLITE": "merci_de s'_il_te_plaît s'_il_vous_plaît veuillez",
    "ADV": "aussi bien déjà y",
    "HABIT": "habite travaille utilise enseigne parle vis étudie mange bois joue écris conduis cuisine gère dirige suis déploie déployons utilisons m'_appelle prends paie",
    "PRESENT": "",
    "FILLER": "et mais aussi alors donc puis ah eh bon oui non ok merci parfait super en_plus au_fait franchement honnêtement d'ailleurs s'_il_te_plaît s'_il_vous_plaît par_ailleurs sinon",
    "OPENER": "non oui ok merci parfait super bien bon d'accord au_fait en_fait génial c'_est_faux faux d'ailleurs c'_est_bon très_bien sinon",
    "COMMA": ", ， 、",
    "CONJ": "et mais ou",
    "GROUP": "équipe direction société comité conseil entreprise famille",
}
ENDINGS: Final[tuple[tuple[str, str], ...]] = ()
SPLITS: Final = "et mais donc"
"""Conjunctions after which another clause may start."""
STARTS: Final = (
    "pense toujours ne n' je j' nous mon notre merci désormais utilise écris réponds évite veille à_l'_avenir"
)
"""What starts a clause after such a conjunction without a comma."""
