@echo off
rem Starts the qat command line from any folder.
rem   JAVA_HOME      which Java to use; without it the one on the PATH
rem   QAT_JAVA_OPTS  options for that Java, for example -Xmx2g
setlocal
set "QAT_JAVA=java"
if defined JAVA_HOME set "QAT_JAVA=%JAVA_HOME%\bin\java"
if not exist "%~dp0qat.args" (
    echo qat: %~dp0qat.args is missing; build the project with "mvn package" first 1>&2
    exit /b 1
)
rem ND4J's OpenMP threads otherwise spin against each other while they wait.
if not defined OMP_WAIT_POLICY set "OMP_WAIT_POLICY=PASSIVE"
"%QAT_JAVA%" %QAT_JAVA_OPTS% "@%~dp0qat.args" io.github.dl4jqat.examples.cli.QatCli %*
exit /b %ERRORLEVEL%
